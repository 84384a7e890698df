// The sum is shared and updated by every thread: a reduction clause is missing.
#include <cstdio>
#include <vector>

int main() {
    std::vector<double> x(1000, 0.5);
    double sum = 0.0;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) sum += x[i];
    std::printf("%d\n", sum > 0.0);
}
