// The append is ordered, but the counter that goes with it is outside of the ordered region.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out;
    int count = 0;
#pragma omp parallel for ordered schedule(static, 1)
    for (int i = 0; i < 200; ++i) {
#pragma omp ordered
        out.push_back(i);
        ++count;
    }
    std::printf("%zu %d\n", out.size(), count > 0);
}
