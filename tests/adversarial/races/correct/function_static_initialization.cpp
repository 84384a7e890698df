// The language initializes a function's static variable once, whoever comes first.
#include <cstdio>
#include <vector>

static const std::vector<int>& table() {
    static const std::vector<int> values(16, 3);
    return values;
}

int main() {
    int sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 200; ++i) sum += table()[i % 16];
    std::printf("%d\n", sum);
}
