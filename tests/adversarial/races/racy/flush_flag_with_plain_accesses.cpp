// A hand-made flag with flushes: formally a race, because the flag itself is no atomic.
#include <cstdio>
#include <omp.h>

int main() {
    int data = 0;
    volatile int flag = 0;
    int got = 0;
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 0) {
            data = 42;
#pragma omp flush
            flag = 1;
#pragma omp flush
        } else {
            for (int tries = 0; flag == 0 && tries < 100000000; ++tries) {
#pragma omp flush
            }
#pragma omp flush
            got = data;
        }
    }
    std::printf("%d\n", got >= 0);
}
