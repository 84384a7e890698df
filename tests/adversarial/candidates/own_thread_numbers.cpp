// original: tally
// expected: linkage: replaces a function of a library: omp_get_max_threads
// without: linkage
#include <vector>
extern "C" int omp_get_max_threads() noexcept { return 1; }
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
