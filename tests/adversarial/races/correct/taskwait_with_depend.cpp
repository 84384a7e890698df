// A taskwait for one of two tasks only, whose result is read; the other one is read later.
#include <cstdio>

int main() {
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 20; ++i) {
        int a = 0, b = 0;
#pragma omp task shared(a) depend(out : a)
        a = i;
#pragma omp task shared(b) depend(out : b)
        b = 2 * i;
#pragma omp taskwait depend(in : a)
        int sum = a;
#pragma omp taskwait
        sum += b;
        if (sum != 3 * i) std::printf("wrong\n");
    }
    std::printf("done\n");
}
