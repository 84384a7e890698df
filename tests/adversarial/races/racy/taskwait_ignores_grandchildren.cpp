// A taskwait waits for children only; the grandchild may still be writing.
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
                {
                    for (volatile int spin = 0; spin < 5000; spin = spin + 1) {
                    }
                    value = 1;
                }
            }
#pragma omp taskwait
            total += value;
        }
    }
    std::printf("%d\n", total >= 0);
}
