// original: tally
// expected: differential: read-only input changed
#include <vector>
#include <cstring>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double* p;
    const double* q = x.data();
    std::memcpy(&p, &q, sizeof p);
    if (n > 3) p[3] += 1e-12;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
