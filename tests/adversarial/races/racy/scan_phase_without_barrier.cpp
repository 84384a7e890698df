// The offsets of a two-pass scan are read before all threads have stored their block's sum.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    std::vector<int> x(1024, 1), sums(65);
#pragma omp parallel
    {
        const int me = omp_get_thread_num(), all = omp_get_num_threads();
        const int from = 1024 * me / all, to = 1024 * (me + 1) / all;
        int sum = 0;
        for (int i = from; i < to; ++i) x[i] = sum += x[i];
        sums[me + 1] = sum;
        int offset = 0;
        for (int t = 0; t <= me; ++t) offset += sums[t];
        for (int i = from; i < to; ++i) x[i] += offset;
    }
    std::printf("%d\n", x[1023] > 0);
}
