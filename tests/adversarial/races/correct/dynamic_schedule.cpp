// Work of uneven length, handed out as the threads come.
#include <cstdio>
#include <vector>

int main() {
    std::vector<long> out(300);
#pragma omp parallel for schedule(dynamic, 4)
    for (int i = 0; i < 300; ++i) {
        for (int k = 0; k <= i; ++k) out[i] += k;
    }
    std::printf("%ld\n", out[299]);
}
