// One loop over threads and vector lanes.
#include <cstdio>
#include <vector>

int main() {
    std::vector<float> x(4096, 1.0f), y(4096, 2.0f);
    float dot = 0.0f;
#pragma omp parallel for simd reduction(+ : dot)
    for (int i = 0; i < 4096; ++i) {
        y[i] += 2.0f * x[i];
        dot += x[i];
    }
    std::printf("%g %g\n", y[0], dot);
}
