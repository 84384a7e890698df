// The counter is incremented atomically, but read without.
#include <cstdio>

int main() {
    int done = 0, seen = 0;
#pragma omp parallel for reduction(max : seen)
    for (int i = 0; i < 500; ++i) {
#pragma omp atomic
        ++done;
        if (done > seen) seen = done;
    }
    std::printf("%d\n", seen > 0);
}
