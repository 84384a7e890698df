// A std::thread hands a value over by a condition variable while the region runs.
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

int main() {
    std::mutex mutex;
    std::condition_variable ready;
    int value = 0;
    bool set = false;
    std::thread producer([&] {
        {
            const std::lock_guard<std::mutex> held(mutex);
            value = 42;
            set = true;
        }
        ready.notify_all();
    });
    int sum = 0;
#pragma omp parallel num_threads(2) reduction(+ : sum)
    {
        std::unique_lock<std::mutex> held(mutex);
        ready.wait(held, [&] { return set; });
        sum += value;
    }
    producer.join();
    std::printf("%d\n", sum >= 42);
}
