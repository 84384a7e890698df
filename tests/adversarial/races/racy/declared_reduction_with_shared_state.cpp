// The combiner of a user-declared reduction is fine; the loop counts in a global beside it.
#include <cstdio>

struct Range {
    int low = 1 << 30, high = -(1 << 30);
};
static int updates = 0;

static void widen(Range& range, int value) {
    if (value < range.low) range.low = value;
    if (value > range.high) range.high = value;
    ++updates;
}

#pragma omp declare reduction(merge : Range : widen(omp_out, omp_in.low), widen(omp_out, omp_in.high))

int main() {
    Range range;
#pragma omp parallel for reduction(merge : range)
    for (int i = 0; i < 1000; ++i) widen(range, i * 7919 % 1000);
    std::printf("%d %d\n", range.low, range.high);
}
