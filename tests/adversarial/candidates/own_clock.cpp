// original: tally
// expected: linkage: replaces a function of a library: clock_gettime
// without: linkage
#include <vector>
#include <time.h>
extern "C" int clock_gettime(clockid_t, timespec* now) noexcept {
    now->tv_sec = now->tv_nsec = 0;
    return 0;
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
