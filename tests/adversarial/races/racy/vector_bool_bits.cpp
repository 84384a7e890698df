// Elements of a std::vector<bool> share words: writing neighbours is a race.
#include <cstdio>
#include <vector>

int main() {
    std::vector<bool> flag(1000);
#pragma omp parallel for schedule(static, 3)
    for (int i = 0; i < 1000; ++i) flag[i] = i % 3 == 0;
    std::printf("%zu\n", flag.size());
}
