// A counter for each thread, added up under a critical region.
#include <cstdio>

static int counter = 0;
#pragma omp threadprivate(counter)

int main() {
    int total = 0;
#pragma omp parallel copyin(counter)
    {
#pragma omp for
        for (int i = 0; i < 1000; ++i) ++counter;
#pragma omp critical
        total += counter;
    }
    std::printf("%d\n", total);
}
