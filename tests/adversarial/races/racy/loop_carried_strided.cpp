// A dependence over a distance of 100 elements.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(2000, 1);
#pragma omp parallel for schedule(static, 10)
    for (int i = 100; i < 2000; ++i) x[i] = x[i - 100] + 1;
    std::printf("%zu\n", x.size());
}
