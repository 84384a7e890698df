// A nestable lock that is taken twice by its owner.
#include <cstdio>
#include <omp.h>

static omp_nest_lock_t lock;
static int total = 0;

static void add(int value) {
    omp_set_nest_lock(&lock);
    total += value;
    omp_unset_nest_lock(&lock);
}

int main() {
    omp_init_nest_lock(&lock);
#pragma omp parallel for
    for (int i = 0; i < 200; ++i) {
        omp_set_nest_lock(&lock);
        add(i);
        add(-i / 2);
        omp_unset_nest_lock(&lock);
    }
    omp_destroy_nest_lock(&lock);
    std::printf("%d\n", total);
}
