// std::call_once inside a parallel region.
#include <cstdio>
#include <mutex>
#include <vector>

static std::once_flag once;
static std::vector<int> table;

int main() {
    int sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 200; ++i) {
        std::call_once(once, [] { table.assign(16, 2); });
        sum += table[i % 16];
    }
    std::printf("%d\n", sum);
}
