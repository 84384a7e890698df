// original: tally
// expected: forbidden: inline assembler
#include <vector>
#define J(a, b) a##b
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    J(as, m) volatile("nop");
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
