// Two critical names, each with a variable of its own.
#include <cstdio>

int main() {
    int even = 0, odd = 0;
#pragma omp parallel for schedule(static, 1)
    for (int i = 0; i < 400; ++i) {
        if (i % 2 == 0) {
#pragma omp critical(evens)
            even += i;
        } else {
#pragma omp critical(odds)
            odd += i;
        }
    }
    std::printf("%d %d\n", even, odd);
}
