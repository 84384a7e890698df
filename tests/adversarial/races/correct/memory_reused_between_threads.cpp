// Memory that one thread frees and another one is given is no meeting of the two.
#include <cstdio>
#include <memory>
#include <vector>

int main() {
    long sum = 0;
#pragma omp parallel for reduction(+ : sum) schedule(dynamic, 1)
    for (int i = 0; i < 400; ++i) {
        const auto block = std::make_unique<std::vector<int>>(100, i % 3);
        for (const int value : *block) sum += value;
    }
    std::printf("%ld\n", sum);
}
