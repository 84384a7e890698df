// original: tally
// expected: forbidden: the function omp_set_num_threads
// without: forbidden linkage surroundings
#include <vector>
#include <omp.h>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    omp_set_num_threads(3);
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
