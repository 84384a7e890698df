// Blocks that are computed by hand and do not overlap; neighbours share cache lines only.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    std::vector<char> x(1001);
#pragma omp parallel
    {
        const int me = omp_get_thread_num(), all = omp_get_num_threads();
        const int from = 1001 * me / all, to = 1001 * (me + 1) / all;
        for (int i = from; i < to; ++i) x[i] = 1;
    }
    std::printf("%d\n", x[1000]);
}
