// original: tally
// expected: forbidden: a clock
#include <vector>
#include <chrono>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (std::chrono::steady_clock::now().time_since_epoch().count() < 0) return 0;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
