// original: tally
// expected: forbidden: the function write
#include <vector>
template <class T> int forge(T file) { return write(file, nullptr, 0) > 0; }
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (n < 0) forge(6);
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
