// original: tally
// expected: forbidden: instructions of avx2 without
// without: forbidden
#include <vector>
#pragma GCC target("avx2")
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
