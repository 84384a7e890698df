// The value of the last iteration is wanted, but every iteration stores to the shared variable.
#include <cstdio>

int main() {
    int last = 0;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) last = 2 * i;
    std::printf("%d\n", last > 0);
}
