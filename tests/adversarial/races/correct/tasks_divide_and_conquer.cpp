// A merge sort by tasks, with a taskwait before each merge.
#include <algorithm>
#include <cstdio>
#include <vector>

static void sort(int* from, int* to) {
    if (to - from < 32) {
        std::sort(from, to);
        return;
    }
    int* middle = from + (to - from) / 2;
#pragma omp task
    sort(from, middle);
#pragma omp task
    sort(middle, to);
#pragma omp taskwait
    std::inplace_merge(from, middle, to);
}

int main() {
    std::vector<int> x(2000);
    for (int i = 0; i < 2000; ++i) x[i] = i * 7919 % 2000;
#pragma omp parallel
#pragma omp single
    sort(x.data(), x.data() + x.size());
    std::printf("%d %d\n", x[0], x[1999]);
}
