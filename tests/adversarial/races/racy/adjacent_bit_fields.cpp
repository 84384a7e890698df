// Two bit fields of one word are one memory location.
#include <cstdio>

struct Flags {
    unsigned first : 4;
    unsigned second : 4;
};

int main() {
    Flags flags{0, 0};
#pragma omp parallel sections
    {
#pragma omp section
        for (int i = 0; i < 100; ++i) flags.first = i % 16;
#pragma omp section
        for (int i = 0; i < 100; ++i) flags.second = i % 16;
    }
    std::printf("%d\n", flags.first < 16);
}
