// original: tally
// expected: forbidden: 'last', which keeps state
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    thread_local const double* last = nullptr;
    thread_local double answer = 0;
    if (last == x.data() && n > 0) return answer;
    last = x.data();
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return answer = sum;
}
