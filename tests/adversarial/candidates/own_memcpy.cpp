// original: tally
// expected: linkage: replaces a function of a library: memcpy
// without: linkage
#include <vector>
extern "C" void* memcpy(void* to, const void* from, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) static_cast<volatile char*>(to)[i] = static_cast<const char*>(from)[i];
    return to;
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
