// A parallel loop over random-access iterators.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> values(1000, 1);
#pragma omp parallel for
    for (auto at = values.begin(); at < values.end(); ++at) *at += 2;
    std::printf("%d\n", values[999]);
}
