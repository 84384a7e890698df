// Double-checked initialization as it must be: the pointer is an atomic.
#include <atomic>
#include <cstdio>

static std::atomic<int*> table{nullptr};

static int lookup(int i) {
    int* now = table.load(std::memory_order_acquire);
    if (now == nullptr) {
#pragma omp critical
        {
            now = table.load(std::memory_order_relaxed);
            if (now == nullptr) {
                now = new int[16];
                for (int k = 0; k < 16; ++k) now[k] = k;
                table.store(now, std::memory_order_release);
            }
        }
    }
    return now[i % 16];
}

int main() {
    int sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 200; ++i) sum += lookup(i);
    std::printf("%d\n", sum);
    delete[] table.load();
}
