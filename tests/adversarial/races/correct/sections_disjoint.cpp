// Two sections, each with a counter of its own.
#include <cstdio>

int main() {
    int left = 0, right = 0;
#pragma omp parallel sections
    {
#pragma omp section
        for (int i = 0; i < 100; ++i) ++left;
#pragma omp section
        for (int i = 0; i < 100; ++i) ++right;
    }
    std::printf("%d %d\n", left, right);
}
