// Every thread fills a container of its own; they are merged one after the other.
#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> found;
#pragma omp parallel
    {
        std::vector<int> mine;
#pragma omp for nowait
        for (int i = 0; i < 1000; ++i) {
            if (i % 7 == 0) mine.push_back(i);
        }
#pragma omp critical
        found.insert(found.end(), mine.begin(), mine.end());
    }
    std::sort(found.begin(), found.end());
    std::printf("%zu %d\n", found.size(), found.back());
}
