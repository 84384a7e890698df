// original: tally
// expected: forbidden: keeps state between calls
#include <vector>
struct Pair { int calls, other; };
static auto [calls, other] = Pair{0, 0};
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (++calls < 0) return 0;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
