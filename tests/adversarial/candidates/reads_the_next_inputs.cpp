// original: tally
// expected: forbidden: the function read
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    char buffer[8];
    if (n < 0) return static_cast<double>(read(3, buffer, 8));
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
