// A wavefront that waits for the neighbour above, and not for the one to the left of it.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> m(41 * 41, 1);
#pragma omp parallel for ordered(2) schedule(static, 1) collapse(2)
    for (int i = 1; i <= 40; ++i) {
        for (int j = 1; j <= 40; ++j) {
#pragma omp ordered depend(sink : i - 1, j)
            m[i * 41 + j] = (m[(i - 1) * 41 + j] + m[i * 41 + j - 1]) % 1000;
#pragma omp ordered depend(source)
        }
    }
    std::printf("%d\n", m[40 * 41 + 40] >= 0);
}
