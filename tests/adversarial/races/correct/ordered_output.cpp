// Everything that is shared is touched in the ordered region.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out;
    int count = 0;
#pragma omp parallel for ordered schedule(static, 1)
    for (int i = 0; i < 200; ++i) {
        const int value = i * i;
#pragma omp ordered
        {
            out.push_back(value);
            ++count;
        }
    }
    std::printf("%zu %d\n", out.size(), count);
}
