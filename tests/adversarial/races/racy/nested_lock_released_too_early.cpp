// The nestable lock is set once and unset once, and the update comes after.
#include <cstdio>
#include <omp.h>

int main() {
    omp_nest_lock_t lock;
    omp_init_nest_lock(&lock);
    int depth = 0, total = 0;
#pragma omp parallel for
    for (int i = 0; i < 200; ++i) {
        omp_set_nest_lock(&lock);
        ++depth;
        omp_unset_nest_lock(&lock);
        total += i;
    }
    omp_destroy_nest_lock(&lock);
    std::printf("%d %d\n", depth, total > 0);
}
