// Two sibling tasks write the same variable, and nothing orders them.
#include <cstdio>

int main() {
    int value = 0;
#pragma omp parallel
#pragma omp single
    {
        for (int i = 0; i < 64; ++i) {
#pragma omp task shared(value)
            {
                for (volatile int spin = 0; spin < 2000; spin = spin + 1) {
                }
                value = i;
            }
        }
    }
    std::printf("%d\n", value >= 0);
}
