// A wavefront: each cell waits for its neighbours above and to the left.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> m(21 * 21, 1);
#pragma omp parallel for ordered(2) schedule(static, 1)
    for (int i = 1; i <= 20; ++i) {
        for (int j = 1; j <= 20; ++j) {
#pragma omp ordered depend(sink : i - 1, j) depend(sink : i, j - 1)
            m[i * 21 + j] = (m[(i - 1) * 21 + j] + m[i * 21 + j - 1]) % 1000;
#pragma omp ordered depend(source)
        }
    }
    std::printf("%d\n", m[20 * 21 + 20]);
}
