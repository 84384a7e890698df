// original: tally
// expected: differential: 4 threads
#include <vector>
#include <omp.h>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double part[4] = {};
    for (int i = 0; i < n; ++i) bins[static_cast<int>(x[i])]++;
    #pragma omp parallel
    {
        double own = 0;
        #pragma omp for
        for (int i = 0; i < n; ++i) {
            y[i] = 2 * x[i] + 1;
            own += x[i] * y[i];
        }
        part[omp_get_thread_num() % 4] = own;
    }
    return part[0] + part[1];
}
