// A prefix sum in a plain parallel loop: iteration i reads what iteration i - 1 writes.
#include <cstdio>
#include <vector>

int main() {
    std::vector<long> x(1000, 1);
#pragma omp parallel for
    for (int i = 1; i < 1000; ++i) x[i] += x[i - 1];
    std::printf("%d\n", x[999] > 0);
}
