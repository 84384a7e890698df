// The tasks of a taskloop add to one variable without a reduction.
#include <cstdio>

int main() {
    int sum = 0;
#pragma omp parallel
#pragma omp single
#pragma omp taskloop shared(sum) grainsize(4)
    for (int i = 0; i < 400; ++i) {
        for (volatile int spin = 0; spin < 200; spin = spin + 1) {
        }
        sum += i;
    }
    std::printf("%d\n", sum > 0);
}
