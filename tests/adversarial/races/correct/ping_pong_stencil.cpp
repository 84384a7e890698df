// A stencil from one array to the other, with the loop's barrier between the steps.
#include <cstdio>
#include <utility>
#include <vector>

int main() {
    std::vector<double> x(1002, 1.0), y(1002, 1.0);
#pragma omp parallel
    for (int step = 0; step < 4; ++step) {
#pragma omp for
        for (int i = 1; i <= 1000; ++i) y[i] = (x[i - 1] + x[i] + x[i + 1]) / 3.0;
#pragma omp single
        std::swap(x, y);
    }
    std::printf("%g\n", x[500]);
}
