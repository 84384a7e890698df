// The second loop does not touch what the first one writes.
#include <cstdio>
#include <vector>

int main() {
    const int n = 1000;
    std::vector<int> a(n), b(n);
#pragma omp parallel
    {
#pragma omp for nowait
        for (int i = 0; i < n; ++i) a[i] = i;
#pragma omp for
        for (int i = 0; i < n; ++i) b[i] = 2 * i;
    }
    std::printf("%d %d\n", a[n - 1], b[n - 1]);
}
