// A std::latch and a std::counting_semaphore hand data from thread to thread.
#include <cstdio>
#include <latch>
#include <semaphore>
#include <thread>

int main() {
    int first = 0, second = 0;
    std::latch done(1);
    std::counting_semaphore<1> token(0);
    std::jthread producer([&] {
        first = 1;
        done.count_down();
        second = 2;
        token.release();
    });
    done.wait();
    int sum = first;
    token.acquire();
    sum += second;
    std::printf("%d\n", sum);
}
