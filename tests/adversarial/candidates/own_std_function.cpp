// original: tally
// expected: forbidden: a declaration in namespace std
#include <vector>
namespace std {
inline void swap(vector<double>&, vector<double>&, int) {}
}
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
