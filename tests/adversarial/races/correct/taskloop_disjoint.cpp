// The tasks of a taskloop write elements of their own.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(1000);
#pragma omp parallel
#pragma omp single
#pragma omp taskloop shared(x)
    for (int i = 0; i < 1000; ++i) x[i] = i;
    std::printf("%d\n", x[999]);
}
