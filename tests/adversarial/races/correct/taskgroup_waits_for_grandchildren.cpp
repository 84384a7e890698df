// A taskgroup waits for all descendants.
#include <cstdio>

int main() {
    int total = 0;
#pragma omp parallel
#pragma omp single
    for (int round = 0; round < 32; ++round) {
        int value = 0;
#pragma omp taskgroup
        {
#pragma omp task shared(value)
            {
#pragma omp task shared(value)
                value = 1;
            }
        }
        total += value;
    }
    std::printf("%d\n", total);
}
