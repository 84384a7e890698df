// A reduction over all elements of an array.
#include <cstdio>

int main() {
    int bins[16] = {};
#pragma omp parallel for reduction(+ : bins)
    for (int i = 0; i < 1600; ++i) bins[i % 16] += i;
    std::printf("%d\n", bins[15]);
}
