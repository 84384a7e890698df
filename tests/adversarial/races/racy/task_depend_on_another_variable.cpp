// The consumer depends on `b`, but reads `a`.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> seen(64);
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 64; ++i) {
        int* a = new int(0);
        int* b = new int(0);
#pragma omp task depend(out : a[0])
        {
            for (volatile int spin = 0; spin < 2000; spin = spin + 1) {
            }
            *a = i;
        }
#pragma omp task depend(in : b[0]) shared(seen)
        seen[i] = *a;
    }
    std::printf("%zu\n", seen.size());
}
