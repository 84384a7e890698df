// original: tally
// expected: forbidden: the function omp_get_wtime
// without: forbidden linkage
#include <vector>
#include <omp.h>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    const double now = omp_get_wtime();
    if (now < 0) return 0;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
