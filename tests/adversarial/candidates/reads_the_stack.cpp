// original: tally
// expected: sanitizers: expected
// without: sanitizers
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    int parts[64];
    if (n < 0) parts[n & 63] = 0;
    if (parts[n & 63] == -16843010) return -1;  // never by luck
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
