// Two levels of parallelism over disjoint parts.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    omp_set_max_active_levels(2);
    std::vector<int> out(64);
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < 8; ++i) {
#pragma omp parallel for num_threads(2)
        for (int j = 0; j < 8; ++j) out[i * 8 + j] = i + j;
    }
    std::printf("%d\n", out[63]);
}
