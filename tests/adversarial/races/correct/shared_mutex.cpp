// Many readers and a writer under a std::shared_mutex.
#include <cstdio>
#include <mutex>
#include <shared_mutex>

int main() {
    std::shared_mutex mutex;
    int value = 0;
    long sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 200; ++i) {
        if (i % 10 == 0) {
            const std::unique_lock held(mutex);
            ++value;
        } else {
            const std::shared_lock held(mutex);
            sum += value >= 0;
        }
    }
    std::printf("%d %ld\n", value, sum);
}
