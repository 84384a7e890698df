#include <chrono>
#include <cstdio>
#include <vector>

#include "tides/smooth.hpp"

int main() {
    std::vector<int> levels(100000);
    for (std::size_t i = 0; i < levels.size(); ++i) {
        levels[i] = static_cast<int>((i * 7919) % 4001) - 2000;
    }
    std::vector<long long> sums;
    const auto start = std::chrono::steady_clock::now();
    tides::near_sums(levels, sums, 1000);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    long long total = 0;
    for (const long long sum : sums) {
        total += sum;
    }
    std::printf("%.0f readings per second\n", static_cast<double>(levels.size()) / taken.count());
    std::printf("total %lld\n", total);
    return 0;
}
