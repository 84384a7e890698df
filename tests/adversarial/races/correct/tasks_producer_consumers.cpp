// Several readers depend on one writer, and the next writer on all of them.
#include <cstdio>

int main() {
    int cell = 0, sum = 0;
#pragma omp parallel
#pragma omp single
    for (int round = 0; round < 16; ++round) {
#pragma omp task shared(cell) depend(out : cell)
        cell = round;
        for (int reader = 0; reader < 3; ++reader) {
#pragma omp task shared(cell, sum) depend(in : cell)
            {
#pragma omp atomic
                sum += cell;
            }
        }
    }
    std::printf("%d\n", sum);
}
