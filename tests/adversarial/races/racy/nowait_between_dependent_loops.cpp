// The second loop reads, in reverse, what the first one may not have written yet.
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
        for (int i = 0; i < n; ++i) b[i] = a[n - 1 - i];
    }
    std::printf("%zu\n", b.size());
}
