// original: tally
// expected: forbidden: code that is not the same in every kind of build
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
#ifndef __SANITIZE_ADDRESS__
    if (n == 101) return 0;
#endif
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
