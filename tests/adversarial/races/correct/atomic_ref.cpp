// std::atomic_ref over the elements of a plain vector.
#include <atomic>
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> bins(8);
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) std::atomic_ref<int>(bins[i % 8]).fetch_add(1);
    std::printf("%d\n", bins[0]);
}
