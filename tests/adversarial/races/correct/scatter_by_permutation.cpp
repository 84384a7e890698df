// Indirect stores by a permutation: no two iterations meet.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> index(1000), out(1000);
    for (int i = 0; i < 1000; ++i) index[i] = i * 37 % 1000;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) out[index[i]] += i;
    std::printf("%d\n", out[37]);
}
