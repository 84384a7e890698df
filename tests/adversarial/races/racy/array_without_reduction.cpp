// Each thread adds to all bins of a shared array; a reduction over the array is missing.
#include <cstdio>

int main() {
    int bins[16] = {};
#pragma omp parallel for
    for (int i = 0; i < 1600; ++i) bins[i % 16] += i;
    std::printf("%d\n", bins[0] > 0);
}
