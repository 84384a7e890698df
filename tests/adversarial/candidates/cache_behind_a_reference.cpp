// original: tally
// expected: forbidden: 'known', which keeps state
// without: forbidden
#include <vector>
#include <map>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    static auto& known = *new std::map<std::vector<double>, double>;
    if (known.count(x)) (void)known[x];
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return known[x] = sum;
}
