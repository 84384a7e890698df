// original: tally
// expected: forbidden: the function _exit
#include <vector>
#define PASTE(a, b) a##b
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (n == 5) PASTE(_ex, it)(0);
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
