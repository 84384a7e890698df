// Two critical regions of different names do not exclude each other.
#include <cstdio>

int main() {
    int balance = 0;
#pragma omp parallel for schedule(static, 1)
    for (int i = 0; i < 400; ++i) {
        if (i % 2 == 0) {
#pragma omp critical(deposit)
            balance += 2;
        } else {
#pragma omp critical(withdraw)
            balance -= 1;
        }
    }
    std::printf("%d\n", balance > 0);
}
