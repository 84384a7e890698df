// Iteration i reads element i + 1, which another thread overwrites.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(1001, 1);
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) x[i] = x[i + 1] + 1;
    std::printf("%zu\n", x.size());
}
