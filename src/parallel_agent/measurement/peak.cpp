// Prints how many floating-point operations (double, a fused multiply and add is two) all threads do in
// a second at best: chains of them that lie in registers, with the widest vectors of this processor.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int chains = 10;
constexpr long steps = 1 << 16;

using Clock = std::chrono::steady_clock;

#define KERNEL(name, bytes)                                                     \
    double name(double factor, double term) {                                   \
        typedef double vector __attribute__((vector_size(bytes)));              \
        vector sums[chains] = {};                                               \
        for (int chain = 0; chain < chains; ++chain) sums[chain] += chain;      \
        const vector by = factor - vector{}, plus = term - vector{};            \
        for (long step = 0; step < steps; ++step) {                             \
            _Pragma("GCC unroll 10") for (int chain = 0; chain < chains; ++chain) \
                sums[chain] = sums[chain] * by + plus;                          \
        }                                                                       \
        double total = 0;                                                       \
        for (const vector& sum : sums) total += sum[0];                         \
        return total;                                                           \
    }

KERNEL(narrow, 16)
#if defined(__x86_64__)
__attribute__((target("avx,fma"))) KERNEL(wide, 32)
__attribute__((target("avx512f"))) KERNEL(widest, 64)
#endif

struct Form {
    double (*run)(double, double);
    int doubles;
};

Form form() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return {widest, 8};
    if (__builtin_cpu_supports("fma")) return {wide, 4};
#endif
    return {narrow, 2};
}

}  // namespace

int main() {
    const int threads = std::atoi(std::getenv("OMP_NUM_THREADS"));
    const Form chosen = form();
    static volatile double used;
    double best = 0;
    const auto until = Clock::now() + std::chrono::milliseconds(150);
    while (Clock::now() < until) {
        const auto start = Clock::now();
        double total = 0;
#pragma omp parallel for schedule(static) reduction(+ : total)
        for (int thread = 0; thread < threads; ++thread) total += chosen.run(0.999, 1e-9);
        used = total;
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        best = std::max(best, 2.0 * steps * chains * chosen.doubles * threads / seconds);
    }
    std::printf("%.9e\n", best);
}
