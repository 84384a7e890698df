// original: tally
// expected: sanitizers: signed integer overflow
// without: sanitizers
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        const int top = 2147483640 + i;
        if (top == 5) bins[0] = 0;
        sum += x[i] * y[i];
    }
    return sum;
}
