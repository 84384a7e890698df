// All threads store the same value: harmless in practice, a data race by the standard.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(1000, 7);
    bool any = false;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) {
        if (x[i] == 7) any = true;
    }
    std::printf("%d\n", any);
}
