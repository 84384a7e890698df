// A memo table for each thread.
#include <cstdio>

static long square(int i) {
    static thread_local long cache[32];
    static thread_local bool known[32];
    if (!known[i]) {
        cache[i] = static_cast<long>(i) * i;
        known[i] = true;
    }
    return cache[i];
}

int main() {
    long sum = 0;
#pragma omp parallel for reduction(+ : sum) schedule(static, 1)
    for (int i = 0; i < 1000; ++i) sum += square(i % 32);
    std::printf("%ld\n", sum);
}
