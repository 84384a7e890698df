// operator[] of a map inserts, even where the caller only wants to read.
#include <cstdio>
#include <map>

int main() {
    std::map<int, int> count;
#pragma omp parallel for
    for (int i = 0; i < 200; ++i) {
        const int value = count[i % 50];
        (void)value;
    }
    std::printf("%d\n", count.size() <= 50);
}
