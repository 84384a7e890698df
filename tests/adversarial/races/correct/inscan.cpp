// A prefix sum by the scan directive.
#include <cstdio>
#include <vector>

int main() {
    std::vector<long> x(1000, 1), y(1000);
    long sum = 0;
#pragma omp parallel for reduction(inscan, + : sum)
    for (int i = 0; i < 1000; ++i) {
        sum += x[i];
#pragma omp scan inclusive(sum)
        y[i] = sum;
    }
    std::printf("%ld\n", y[999]);
}
