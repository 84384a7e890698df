// The value of the last iteration, by lastprivate.
#include <cstdio>

int main() {
    int last = 0;
#pragma omp parallel for lastprivate(last)
    for (int i = 0; i < 1000; ++i) last = 2 * i;
    std::printf("%d\n", last);
}
