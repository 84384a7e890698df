// All updates of the shared histogram are atomic.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> bins(8);
#pragma omp parallel for schedule(static, 1)
    for (int i = 0; i < 1000; ++i) {
#pragma omp atomic
        bins[i % 8]++;
    }
    std::printf("%d\n", bins[0]);
}
