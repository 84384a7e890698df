// The implicit barrier of a single construct publishes what it wrote.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out(64);
    int scale = 1;
#pragma omp parallel
    {
#pragma omp single
        scale = 3;
#pragma omp for
        for (int i = 0; i < 64; ++i) out[i] = i * scale;
    }
    std::printf("%d\n", out[63]);
}
