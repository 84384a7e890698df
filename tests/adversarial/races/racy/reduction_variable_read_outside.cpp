// A reduction with nowait: its result is read before all threads have combined theirs.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out(64);
    int sum = 0;
#pragma omp parallel
    {
#pragma omp for reduction(+ : sum) nowait
        for (int i = 0; i < 1000; ++i) sum += i;
#pragma omp for
        for (int i = 0; i < 64; ++i) out[i] = sum;
    }
    std::printf("%zu\n", out.size());
}
