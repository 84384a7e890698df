// collapse(2) over loops that are both independent.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> m(32 * 32);
    int i, j;
#pragma omp parallel for collapse(2) private(i, j)
    for (i = 0; i < 32; ++i) {
        for (j = 0; j < 32; ++j) m[i * 32 + j] = i * j;
    }
    std::printf("%d\n", m[1023]);
}
