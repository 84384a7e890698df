// The parent adds up what its two children may still be computing.
#include <cstdio>

long fibonacci(int n) {
    if (n < 2) return n;
    long left = 0, right = 0;
#pragma omp task shared(left)
    left = fibonacci(n - 1);
#pragma omp task shared(right)
    right = fibonacci(n - 2);
    long sum = left + right;
#pragma omp taskwait
    return sum;
}

int main() {
    long result = 0;
#pragma omp parallel
#pragma omp single
    result = fibonacci(12);
    std::printf("%d\n", result >= 0);
}
