// Every thread reads its neighbour's slot without a barrier after the stores.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    std::vector<int> slot(256), copy(256);
#pragma omp parallel
    {
        const int me = omp_get_thread_num(), all = omp_get_num_threads();
        slot[me] = me;
        copy[me] = slot[(me + 1) % all];
    }
    std::printf("%zu\n", copy.size());
}
