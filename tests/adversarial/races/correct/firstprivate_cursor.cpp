// Every thread starts from a copy of the cursor.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> hits(64);
    int cursor = 5;
#pragma omp parallel firstprivate(cursor)
    {
        for (int step = 0; step < 4; ++step) cursor = (cursor * 7 + 3) % 64;
#pragma omp critical
        ++hits[cursor];
    }
    std::printf("%zu\n", hits.size());
}
