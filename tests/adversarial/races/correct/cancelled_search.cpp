// A search that ends early by cancellation, its result under a critical region.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(4000, 0);
    x[3000] = 1;
    int found = -1;
#pragma omp parallel for
    for (int i = 0; i < 4000; ++i) {
        if (x[i] == 1) {
#pragma omp critical
            found = i;
#pragma omp cancel for
        }
#pragma omp cancellation point for
    }
    std::printf("%d\n", found);
}
