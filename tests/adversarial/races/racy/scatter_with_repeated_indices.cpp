// Indirect stores: the indices repeat, so that iterations of different threads meet.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> index(1000), out(100);
    for (int i = 0; i < 1000; ++i) index[i] = i * 37 % 100;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) out[index[i]] += i;
    std::printf("%zu\n", out.size());
}
