// Tasks take part in a reduction of their taskgroup.
#include <cstdio>

int main() {
    int sum = 0;
#pragma omp parallel
#pragma omp single
#pragma omp taskgroup task_reduction(+ : sum)
    for (int i = 0; i < 64; ++i) {
#pragma omp task in_reduction(+ : sum)
        sum += i;
    }
    std::printf("%d\n", sum);
}
