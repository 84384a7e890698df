// The blocks of a std::vector<bool> that the threads write to are whole words of it.
#include <cstdio>
#include <vector>

int main() {
    std::vector<bool> flag(64 * 64);
#pragma omp parallel for schedule(static, 1)
    for (int word = 0; word < 64; ++word) {
        for (int bit = 0; bit < 64; ++bit) flag[64 * word + bit] = bit % 3 == 0;
    }
    std::printf("%d\n", static_cast<int>(flag[4095]));
}
