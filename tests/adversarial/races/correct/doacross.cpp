// A recurrence whose dependence is named by sink and source.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(200, 1);
#pragma omp parallel for ordered(1) schedule(static, 1)
    for (int i = 1; i < 200; ++i) {
#pragma omp ordered depend(sink : i - 1)
        x[i] = (x[i] + x[i - 1]) % 1000;
#pragma omp ordered depend(source)
    }
    std::printf("%d\n", x[199]);
}
