// original: tally
// expected: harmless
#include <vector>
static constexpr double kTable[] = {1.0, 2.0};
#define restrict __restrict__
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    const double signal = 2, time = 1, system = 0;
    const char* text = R"(asm("nop"); exit(1))";
    if (text[0] == 0) return signal + time + system;  // fork()
    double sum = 0;
    int* b = bins.data();
    #pragma omp parallel for reduction(+ : sum, b[:16])
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        b[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
