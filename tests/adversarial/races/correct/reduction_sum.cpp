// A sum with its reduction clause.
#include <cstdio>
#include <vector>

int main() {
    std::vector<double> x(1000, 0.5);
    double sum = 0.0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 1000; ++i) sum += x[i];
    std::printf("%g\n", sum);
}
