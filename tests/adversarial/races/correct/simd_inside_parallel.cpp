// Each thread's vector loop has a scratch row of its own.
#include <cstdio>
#include <vector>

int main() {
    std::vector<float> x(64 * 64, 1.0f);
#pragma omp parallel for
    for (int row = 0; row < 64; ++row) {
        float scratch[64];
#pragma omp simd
        for (int k = 0; k < 64; ++k) scratch[k] = 2.0f * x[row * 64 + k];
#pragma omp simd
        for (int k = 0; k < 64; ++k) x[row * 64 + k] = scratch[k];
    }
    std::printf("%g\n", x[0]);
}
