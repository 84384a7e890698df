// A nested task writes the private copy of its parent while the parent reads it.
#include <cstdio>

int main() {
    int total = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 40; ++i) {
#pragma omp task firstprivate(i) shared(total)
        {
#pragma omp task shared(i)
            i = -i;
            const int seen = i;
#pragma omp taskwait
#pragma omp atomic
            total += seen;
        }
    }
    std::printf("%d\n", total <= 0 || total > 0);
}
