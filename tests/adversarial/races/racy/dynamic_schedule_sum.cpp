// A short loop with a dynamic schedule, which one thread may well run all by itself.
#include <cstdio>

int main() {
    int sum = 0;
#pragma omp parallel for schedule(dynamic, 1)
    for (int i = 0; i < 40; ++i) sum += i;
    std::printf("%d\n", sum > 0);
}
