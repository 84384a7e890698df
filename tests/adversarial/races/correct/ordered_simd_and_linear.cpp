// A vector loop with an ordered part, and a linear variable.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(256), out(256);
    int at = 0;
#pragma omp parallel for simd linear(at : 2)
    for (int i = 0; i < 128; ++i) {
        x[at] = i;
        at += 2;
    }
#pragma omp simd
    for (int i = 0; i < 256; ++i) {
#pragma omp ordered simd
        out[i % 16] += x[i];
    }
    std::printf("%d %d\n", x[254], out[0]);
}
