// A barrier after the master construct.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out(64);
    int size = 0;
#pragma omp parallel
    {
#pragma omp master
        size = 64;
#pragma omp barrier
#pragma omp for
        for (int i = 0; i < 64; ++i) out[i] = size - i;
    }
    std::printf("%d\n", out[0]);
}
