// One path increments the histogram atomically, the other one forgot to.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> bins(8);
#pragma omp parallel for schedule(static, 1)
    for (int i = 0; i < 1000; ++i) {
        if (i % 3 == 0) {
            bins[i % 8]++;
        } else {
#pragma omp atomic
            bins[i % 8]++;
        }
    }
    std::printf("%zu\n", bins.size());
}
