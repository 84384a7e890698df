// original: tally
// expected: differential: 
#include <vector>
#include <omp.h>
double tally(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    int* b = bins.data();
    #pragma omp parallel reduction(+ : sum, b[:16])
    {
        const int share = n / omp_get_num_threads();
        const int first = omp_get_thread_num() * share;
        for (int i = first; i < first + share; ++i) {
            y[i] = 2 * x[i] + 1;
            b[static_cast<int>(x[i])]++;
            sum += x[i] * y[i];
        }
    }
    return sum;
}
