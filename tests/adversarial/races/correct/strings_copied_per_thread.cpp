// Strings that share nothing once they are copied.
#include <cstdio>
#include <string>
#include <vector>

int main() {
    const std::string base(100, 'x');
    std::vector<std::string> out(64);
#pragma omp parallel for
    for (int i = 0; i < 64; ++i) {
        std::string mine = base;
        mine[i] = 'y';
        out[i] = mine;
    }
    std::printf("%c%c\n", base[5], out[5][5]);
}
