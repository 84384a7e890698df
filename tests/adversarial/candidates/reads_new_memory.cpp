// original: tally
// expected: differential: 
#include <vector>
#include <memory>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    std::unique_ptr<double[]> parts(new double[1000]);
    double sum = parts[900];
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
