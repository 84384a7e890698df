// Only two iterations, at the far ends of the loop, meet in one element.
#include <cstdio>
#include <vector>

int main() {
    const int n = 10000;
    std::vector<int> out(n);
#pragma omp parallel for
    for (int i = 0; i < n; ++i) out[i == n - 1 ? 0 : i] = i;
    std::printf("%zu\n", out.size());
}
