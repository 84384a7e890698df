// Every thread moves the one shared cursor on; each should have started from a copy of its own.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> hits(64);
    int cursor = 5;
#pragma omp parallel
    {
        for (int step = 0; step < 4; ++step) cursor = (cursor * 7 + 3) % 64;
#pragma omp critical
        ++hits[cursor];
    }
    std::printf("%zu\n", hits.size());
}
