// The parent waits for its children before it reads their results.
#include <cstdio>

long fibonacci(int n) {
    if (n < 2) return n;
    long left = 0, right = 0;
#pragma omp task shared(left)
    left = fibonacci(n - 1);
#pragma omp task shared(right)
    right = fibonacci(n - 2);
#pragma omp taskwait
    return left + right;
}

int main() {
    long result = 0;
#pragma omp parallel
#pragma omp single
    result = fibonacci(12);
    std::printf("%ld\n", result);
}
