// A std::thread and a parallel loop that share a counter under a std::mutex.
#include <cstdio>
#include <mutex>
#include <thread>

int main() {
    std::mutex mutex;
    int count = 0;
    std::thread other([&] {
        for (int i = 0; i < 200; ++i) {
            const std::lock_guard<std::mutex> held(mutex);
            ++count;
        }
    });
#pragma omp parallel for
    for (int i = 0; i < 200; ++i) {
        const std::lock_guard<std::mutex> held(mutex);
        ++count;
    }
    other.join();
    std::printf("%d\n", count);
}
