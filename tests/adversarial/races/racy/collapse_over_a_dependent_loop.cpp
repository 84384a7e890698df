// collapse(2) makes the inner loop parallel too, which sums over itself.
#include <cstdio>
#include <vector>

int main() {
    std::vector<double> row(8), m(8 * 512, 1.0);
#pragma omp parallel for collapse(2)
    for (int i = 0; i < 8; ++i) {
        for (int j = 0; j < 512; ++j) row[i] += m[i * 512 + j];
    }
    std::printf("%zu\n", row.size());
}
