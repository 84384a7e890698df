// A user-declared reduction over a class with a constructor.
#include <cstdio>

struct Range {
    int low = 1 << 30, high = -(1 << 30);
    void add(int value) {
        if (value < low) low = value;
        if (value > high) high = value;
    }
    void merge(const Range& other) {
        if (other.low < low) low = other.low;
        if (other.high > high) high = other.high;
    }
};

#pragma omp declare reduction(merge : Range : omp_out.merge(omp_in))

int main() {
    Range range;
#pragma omp parallel for reduction(merge : range)
    for (int i = 0; i < 1000; ++i) range.add(i * 7919 % 1000);
    std::printf("%d %d\n", range.low, range.high);
}
