// A hand-made random generator keeps its state in a static variable.
#include <cstdio>

static unsigned next_random() {
    static unsigned state = 12345;
    state = state * 1664525u + 1013904223u;
    return state >> 16;
}

int main() {
    int inside = 0;
#pragma omp parallel for reduction(+ : inside)
    for (int i = 0; i < 1000; ++i) inside += next_random() % 2;
    std::printf("%d\n", inside >= 0);
}
