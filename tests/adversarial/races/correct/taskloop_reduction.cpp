// A taskloop with its reduction.
#include <cstdio>

int main() {
    int sum = 0;
#pragma omp parallel
#pragma omp single
#pragma omp taskloop reduction(+ : sum) grainsize(8)
    for (int i = 0; i < 400; ++i) sum += i;
    std::printf("%d\n", sum);
}
