// original: tally
// expected: forbidden: the function write
#include <vector>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    const unsigned long reply[5] = {};
    #pragma omp parallel num_threads(write(6, reply, sizeof reply))
    {}
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
