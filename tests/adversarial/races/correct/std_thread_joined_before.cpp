// What a std::thread wrote is read by a parallel loop after it was joined.
#include <cstdio>
#include <thread>
#include <vector>

int main() {
    std::vector<int> x(400);
    std::thread other([&] {
        for (int i = 0; i < 400; ++i) x[i] = i;
    });
    other.join();
    long sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 400; ++i) sum += x[i];
    std::printf("%ld\n", sum);
}
