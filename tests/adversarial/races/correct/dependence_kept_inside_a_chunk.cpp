// Rows are independent; the dependence is along the row, which one thread computes.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> m(32 * 64, 1);
#pragma omp parallel for
    for (int i = 0; i < 32; ++i) {
        for (int j = 1; j < 64; ++j) m[i * 64 + j] += m[i * 64 + j - 1];
    }
    std::printf("%d\n", m[63]);
}
