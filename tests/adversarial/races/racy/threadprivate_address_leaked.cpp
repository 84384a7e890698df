// A pointer to the master's threadprivate variable is shared, and everybody writes through it.
#include <cstdio>

static int counter = 0;
#pragma omp threadprivate(counter)

int main() {
    int* leaked = &counter;
#pragma omp parallel
    for (int i = 0; i < 100; ++i) ++*leaked;
    std::printf("%d\n", *leaked > 0);
}
