// The comparison of a check-then-act minimum is outside of the critical region.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(1000);
    for (int i = 0; i < 1000; ++i) x[i] = (i * 613) % 1000 + 1;
    int best = 1 << 30;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) {
        if (x[i] < best) {
#pragma omp critical
            if (x[i] < best) best = x[i];
        }
    }
    std::printf("%d\n", best);
}
