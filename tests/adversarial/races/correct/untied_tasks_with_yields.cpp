// Untied tasks that yield in their middle.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out(60);
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 60; ++i) {
#pragma omp task untied firstprivate(i) shared(out)
        {
            const int half = i / 2;
#pragma omp taskyield
            out[i] = i - half;
        }
    }
    std::printf("%d\n", out[59]);
}
