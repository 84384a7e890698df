// Tasks that exclude one another without an order.
#include <cstdio>

int main() {
    int sum = 0;
#pragma omp parallel
#pragma omp single
    {
        for (int i = 0; i < 50; ++i) {
#pragma omp task shared(sum) depend(mutexinoutset : sum)
            sum += i;
        }
#pragma omp task shared(sum) depend(in : sum)
        std::printf("%d\n", sum);
    }
}
