// A write under the lock that only excludes writers.
#include <cstdio>
#include <mutex>
#include <shared_mutex>

int main() {
    std::shared_mutex mutex;
    int value = 0;
#pragma omp parallel for
    for (int i = 0; i < 200; ++i) {
        const std::shared_lock held(mutex);
        ++value;
    }
    std::printf("%d\n", value > 0);
}
