// copyprivate broadcasts a value, which every thread then changes in its own copy.
#include <cstdio>

int main() {
    int total = 0;
#pragma omp parallel reduction(+ : total)
    {
        int mine;
#pragma omp single copyprivate(mine)
        mine = 5;
        mine += 1;
        total += mine == 6;
    }
    std::printf("%d\n", total > 0);
}
