// A chain of tasks, ordered by their dependences on one variable.
#include <cstdio>

int main() {
    int value = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 64; ++i) {
#pragma omp task shared(value) depend(inout : value)
        value = value * 3 % 1000 + i;
    }
    std::printf("%d\n", value);
}
