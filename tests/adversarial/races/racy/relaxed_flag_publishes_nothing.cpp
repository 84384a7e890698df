// A relaxed store does not order the data that was written before it.
#include <atomic>
#include <cstdio>
#include <omp.h>

int main() {
    int data = 0, got = 0;
    std::atomic<int> ready{0};
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 0) {
            data = 42;
            ready.store(1, std::memory_order_relaxed);
        } else {
            while (ready.load(std::memory_order_relaxed) == 0) {
            }
            got = data;
        }
    }
    std::printf("%d\n", got >= 0);
}
