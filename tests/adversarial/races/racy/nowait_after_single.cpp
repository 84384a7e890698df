// The threads that do not run the single construct go on without waiting for its result.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out(64);
    int scale = 1;
#pragma omp parallel
    {
#pragma omp single nowait
        scale = 3;
#pragma omp for
        for (int i = 0; i < 64; ++i) out[i] = i * scale;
    }
    std::printf("%zu\n", out.size());
}
