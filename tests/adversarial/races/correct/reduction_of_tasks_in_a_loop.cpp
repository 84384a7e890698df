// A worksharing loop whose tasks take part in its reduction.
#include <cstdio>

int main() {
    long sum = 0;
#pragma omp parallel for reduction(task, + : sum)
    for (int i = 0; i < 32; ++i) {
#pragma omp task in_reduction(+ : sum)
        sum += i;
    }
    std::printf("%ld\n", sum);
}
