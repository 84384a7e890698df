// A prefix sum in two passes with barriers between them.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    std::vector<int> x(1024, 1), sums(257);
#pragma omp parallel
    {
        const int me = omp_get_thread_num(), all = omp_get_num_threads();
        const int from = 1024 * me / all, to = 1024 * (me + 1) / all;
        int sum = 0;
        for (int i = from; i < to; ++i) x[i] = sum += x[i];
        sums[me + 1] = sum;
#pragma omp barrier
        int offset = 0;
        for (int t = 0; t <= me; ++t) offset += sums[t];
        for (int i = from; i < to; ++i) x[i] += offset;
    }
    std::printf("%d\n", x[1023]);
}
