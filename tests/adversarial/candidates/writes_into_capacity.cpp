// original: tally
// expected: sanitizers: container-overflow
// without: sanitizers
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    std::vector<double> spare;
    spare.reserve(8);
    spare.data()[3] = n;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
