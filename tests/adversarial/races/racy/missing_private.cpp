// A scratch variable declared outside of the loop is shared by all threads.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> x(1000, 3);
    int square;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) {
        square = x[i] * x[i];
        x[i] = square + i;
    }
    std::printf("%d\n", x[0]);
}
