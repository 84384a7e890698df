// A std::thread writes an element that the parallel loop writes too.
#include <cstdio>
#include <thread>
#include <vector>

int main() {
    std::vector<int> x(400);
    std::thread other([&] {
        for (int i = 0; i < 400; ++i) x[i] = -1;
    });
#pragma omp parallel for
    for (int i = 0; i < 400; ++i) x[i] = i;
    other.join();
    std::printf("%zu\n", x.size());
}
