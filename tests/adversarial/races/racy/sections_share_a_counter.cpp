// Two sections increment the same counter.
#include <cstdio>

int main() {
    int counter = 0;
#pragma omp parallel sections
    {
#pragma omp section
        for (int i = 0; i < 100; ++i) ++counter;
#pragma omp section
        for (int i = 0; i < 100; ++i) ++counter;
    }
    std::printf("%d\n", counter > 0);
}
