// original: tally
// expected: sanitizers: heap-buffer-overflow
// without: sanitizers
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    volatile double end = n > 0 ? x.data()[n] : 0;
    (void)end;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
