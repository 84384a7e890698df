// A container grows under all threads.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> found;
    found.reserve(1000);
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) {
        if (i % 7 == 0) found.push_back(i);
    }
    std::printf("%d\n", found.size() <= 1000);
}
