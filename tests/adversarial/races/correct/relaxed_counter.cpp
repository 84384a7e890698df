// A relaxed counter whose value alone matters, read after the region.
#include <atomic>
#include <cstdio>

int main() {
    std::atomic<int> count{0};
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) {
        if (i % 3 == 0) count.fetch_add(1, std::memory_order_relaxed);
    }
    std::printf("%d\n", count.load());
}
