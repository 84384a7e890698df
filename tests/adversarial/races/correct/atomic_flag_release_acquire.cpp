// A hand-made flag that is right: written with release, read with acquire.
#include <cstdio>
#include <omp.h>

int main() {
    int data = 0, flag = 0, got = 0;
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 0) {
            data = 42;
#pragma omp atomic write release
            flag = 1;
        } else {
            int seen = 0;
            while (seen == 0) {
#pragma omp atomic read acquire
                seen = flag;
            }
            got = data;
        }
    }
    std::printf("%d\n", omp_get_max_threads() > 1 ? got : 42);
}
