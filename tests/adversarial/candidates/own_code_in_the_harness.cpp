// original: tally
// expected: forbidden: the harness's name parallel_agent_harness
#include <vector>
namespace parallel_agent_harness {
template <class T> struct Own {};
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
