#include <chrono>
#include <cmath>
#include <cstdio>

#include "terrain.hpp"

int main() {
    const std::size_t rows = 500, columns = 600;
    std::vector<double> height(rows * columns), light;
    for (std::size_t i = 0; i < height.size(); ++i) {
        height[i] = 100.0 * std::sin(0.01 * static_cast<double>(i % columns)) +
                    50.0 * std::cos(0.02 * static_cast<double>(i / columns));
    }
    const auto start = std::chrono::steady_clock::now();
    const int maps = 2;
    for (int map = 0; map < maps; ++map) {
        shade(height, light, rows, columns);
    }
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    double sum = 0.0;
    for (const double lit : light) {
        sum += lit;
    }
    std::printf("shade: %.3f ms per map\n", taken.count() / maps);
    std::printf("mean light: %.6f\n", sum / static_cast<double>(light.size()));
    return 0;
}
