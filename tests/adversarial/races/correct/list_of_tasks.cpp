// One thread walks a list and makes a task of each node.
#include <cstdio>
#include <list>

int main() {
    std::list<int> values(64, 1);
#pragma omp parallel
#pragma omp single
    for (auto at = values.begin(); at != values.end(); ++at) {
#pragma omp task firstprivate(at)
        *at += 5;
    }
    std::printf("%d\n", values.back());
}
