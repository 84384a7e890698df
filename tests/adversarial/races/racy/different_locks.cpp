// Each thread takes a lock of its own, so that none excludes another.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    std::vector<omp_lock_t> locks(64);
    for (auto& lock : locks) omp_init_lock(&lock);
    int shared = 0;
#pragma omp parallel
    {
        omp_lock_t* mine = &locks[omp_get_thread_num() % 64];
        for (int i = 0; i < 100; ++i) {
            omp_set_lock(mine);
            ++shared;
            omp_unset_lock(mine);
        }
    }
    for (auto& lock : locks) omp_destroy_lock(&lock);
    std::printf("%d\n", shared > 0);
}
