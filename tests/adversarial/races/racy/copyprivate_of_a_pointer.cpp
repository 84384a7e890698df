// copyprivate hands out the pointer, not what it points to: all write the same element.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> data(4);
#pragma omp parallel
    {
        int* mine;
#pragma omp single copyprivate(mine)
        mine = data.data();
        ++mine[1];
    }
    std::printf("%d\n", data[1] > 0);
}
