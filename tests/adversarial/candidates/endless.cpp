// original: tally
// expected: differential: no reply within
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    for (volatile int i = 0; n == 7; i = i + 1) {}
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
