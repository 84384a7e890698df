// original: tally
// expected: differential: 
#include <vector>
#include <future>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    if (n < 0) return 0;
    (void)new std::future<void>(std::async(std::launch::async, [&y, x] {
        for (volatile int i = 0; i < 20000000; i = i + 1) {}
        for (std::size_t i = 0; i < x.size(); ++i) y[i] = 2 * x[i] + 1;
    }));
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * (2 * x[i] + 1);
    }
    return sum;
}
