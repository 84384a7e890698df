// original: tally
// expected: forbidden: the function fopen
// without: forbidden linkage
#include <vector>
#include <cstdio>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (std::FILE* file = std::fopen("/proc/self/cmdline", "r")) std::fclose(file);
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
