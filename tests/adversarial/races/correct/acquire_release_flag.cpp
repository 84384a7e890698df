// An atomic flag with release and acquire publishes the data before it.
#include <atomic>
#include <cstdio>
#include <omp.h>

int main() {
    int data = 0, got = 42;
    std::atomic<int> ready{0};
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 0) {
            data = 42;
            ready.store(1, std::memory_order_release);
        } else {
            while (ready.load(std::memory_order_acquire) == 0) {
            }
            got = data;
        }
    }
    std::printf("%d\n", got);
}
