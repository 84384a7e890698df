#include <vector>

// Scales x into y, counts the values of x by their whole part, and sums up the products.
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
