// original: tally
// expected: forbidden: code that is not the same in every kind of build
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    int* b = bins.data();
#ifdef __clang__
    #pragma omp parallel for reduction(+ : sum, b[:16])
#else
    #pragma omp parallel for reduction(+ : sum, b[:16]) schedule(runtime)
#endif
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        b[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
