// The sink names the iteration two back, but the one before is read.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(200, 1);
#pragma omp parallel for ordered(1) schedule(static, 1)
    for (int i = 2; i < 200; ++i) {
#pragma omp ordered depend(sink : i - 2)
        x[i] += x[i - 1];
#pragma omp ordered depend(source)
    }
    std::printf("%zu\n", x.size());
}
