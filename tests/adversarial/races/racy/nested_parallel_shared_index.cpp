// The inner teams of a nested region all write the result of the same outer index.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    omp_set_max_active_levels(2);
    std::vector<int> out(8);
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < 8; ++i) {
#pragma omp parallel num_threads(2)
        out[i] += omp_get_thread_num();
    }
    std::printf("%zu\n", out.size());
}
