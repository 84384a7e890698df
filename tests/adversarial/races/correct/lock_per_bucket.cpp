// A lock for each bucket, taken by whoever writes to it; tried first, then waited for.
#include <cstdio>
#include <omp.h>
#include <vector>

int main() {
    std::vector<omp_lock_t> locks(8);
    std::vector<std::vector<int>> buckets(8);
    for (auto& lock : locks) omp_init_lock(&lock);
#pragma omp parallel for
    for (int i = 0; i < 400; ++i) {
        const int b = i * 5 % 8;
        if (!omp_test_lock(&locks[b])) omp_set_lock(&locks[b]);
        buckets[b].push_back(i);
        omp_unset_lock(&locks[b]);
    }
    for (auto& lock : locks) omp_destroy_lock(&lock);
    std::printf("%zu\n", buckets[3].size());
}
