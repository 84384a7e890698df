// original: tally
// expected: forbidden: a cast that takes const away
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (n > 3) const_cast<double&>(x[3]) += 1e-15;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
