// original: tally
// expected: forbidden: 'known', which keeps state
#include <vector>
#include <map>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    static std::map<int, double> known;
    if (known.count(n)) return known[n];
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return known[n] = sum;
}
