// A stencil that is computed in place reads neighbours that others write.
#include <cstdio>
#include <vector>

int main() {
    std::vector<double> x(1002, 1.0);
    for (int step = 0; step < 3; ++step) {
#pragma omp parallel for
        for (int i = 1; i <= 1000; ++i) x[i] = (x[i - 1] + x[i] + x[i + 1]) / 3.0;
    }
    std::printf("%g\n", x[0]);
}
