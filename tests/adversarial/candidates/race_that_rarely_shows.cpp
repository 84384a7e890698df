// original: tally
// expected: races: a data race
// without: races
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    int last = 0;
    int* b = bins.data();
    #pragma omp parallel for reduction(+ : sum, b[:16])
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        b[static_cast<int>(x[i])]++;
        if (i % 65536 == 40000) last = i;
        sum += x[i] * y[i];
    }
    return last < 0 ? 0 : sum;
}
