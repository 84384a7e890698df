// original: tally
// expected: forbidden: 'ready', which calls begin before the program
#include <vector>
static int begin() { return 1; }
static const int ready = begin();
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (!ready) return 0;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
