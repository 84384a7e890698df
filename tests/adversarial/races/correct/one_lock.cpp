// One lock around all updates.
#include <cstdio>
#include <omp.h>

int main() {
    omp_lock_t lock;
    omp_init_lock(&lock);
    int shared = 0;
#pragma omp parallel for
    for (int i = 0; i < 400; ++i) {
        omp_set_lock(&lock);
        ++shared;
        omp_unset_lock(&lock);
    }
    omp_destroy_lock(&lock);
    std::printf("%d\n", shared);
}
