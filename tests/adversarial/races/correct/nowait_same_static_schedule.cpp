// The standard promises that equal static schedules give each thread the same iterations.
#include <cstdio>
#include <vector>

int main() {
    const int n = 1000;
    std::vector<int> a(n), b(n);
#pragma omp parallel
    {
#pragma omp for schedule(static) nowait
        for (int i = 0; i < n; ++i) a[i] = i;
#pragma omp for schedule(static)
        for (int i = 0; i < n; ++i) b[i] = a[i] + 1;
    }
    std::printf("%d\n", b[n - 1]);
}
