// Every thread copies and clears rows of its own, by functions that work on memory in bulk.
#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> from(64 * 16, 1), to(64 * 16);
#pragma omp parallel for schedule(dynamic, 1)
    for (int row = 0; row < 64; ++row) {
        std::fill(&to[row * 16], &to[row * 16] + 16, 7);
        std::copy(&from[row * 16], &from[row * 16] + 8, &to[row * 16]);
    }
    std::printf("%d %d\n", to[0], to[15]);
}
