// Each thread's own minimum, merged with the comparison inside the critical region.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(1000);
    for (int i = 0; i < 1000; ++i) x[i] = (i * 613) % 1000 + 1;
    int best = 1 << 30;
#pragma omp parallel
    {
        int mine = 1 << 30;
#pragma omp for nowait
        for (int i = 0; i < 1000; ++i) {
            if (x[i] < mine) mine = x[i];
        }
#pragma omp critical
        if (mine < best) best = mine;
    }
    std::printf("%d\n", best);
}
