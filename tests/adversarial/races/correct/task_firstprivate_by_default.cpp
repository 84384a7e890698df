// A local variable of the creating task is firstprivate in its children.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out(100);
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 100; ++i) {
        int value = 3 * i;
#pragma omp task
        out[i] = value;
        value = -1;
    }
    std::printf("%d\n", out[99]);
}
