// original: tally
// expected: differential: SIGSEGV
#include <vector>
inline double deeper(volatile int* p) {
    volatile int here = *p;
    return deeper(&here) + here;
}
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    volatile int depth = n;
    if (n == 5) return deeper(&depth);
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
