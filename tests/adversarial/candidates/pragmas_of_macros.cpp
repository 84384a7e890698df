// original: tally
// expected: harmless
#include <vector>
#define PARALLEL(clause) _Pragma("omp parallel for reduction(+ : sum, b[:16])")
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    int* b = bins.data();
    PARALLEL() for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        b[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
