// The shared scratch is cleared by std::fill, which becomes a call of memset.
#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    std::vector<long> scratch(32), out(64);
#pragma omp parallel for
    for (int i = 0; i < 64; ++i) {
        std::fill(scratch.begin(), scratch.end(), 0);
        out[i] = i;
    }
    std::printf("%ld\n", out[63] + scratch[0]);
}
