// The inner loop's index is declared outside, and the outer loop alone is parallel.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> m(32 * 32);
    int i, j;
#pragma omp parallel for
    for (i = 0; i < 32; ++i) {
        for (j = 0; j < 32; ++j) m[i * 32 + j % 32] = i;
    }
    std::printf("%zu\n", m.size());
}
