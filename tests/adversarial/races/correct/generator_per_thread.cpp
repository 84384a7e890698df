// Every iteration seeds a generator of its own.
#include <cstdio>
#include <random>

int main() {
    int inside = 0;
#pragma omp parallel for reduction(+ : inside)
    for (int i = 0; i < 64; ++i) {
        std::minstd_rand random(i + 1);
        for (int k = 0; k < 10; ++k) inside += random() % 2;
    }
    std::printf("%d\n", inside);
}
