// original: tally
// expected: differential: its threads worked for
// without: rest
#include <vector>
#include <thread>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    (void)new std::thread([] { for (volatile int i = 0; i < 100000000; i = i + 1) {} });
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
