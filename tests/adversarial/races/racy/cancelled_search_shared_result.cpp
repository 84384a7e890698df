// The search ends early by cancellation, but the result is stored without protection.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(4000, 1);
    int found = -1;
#pragma omp parallel for
    for (int i = 0; i < 4000; ++i) {
        if (x[i] == 1) {
            found = i;
#pragma omp cancel for
        }
    }
    std::printf("%d\n", found >= 0);
}
