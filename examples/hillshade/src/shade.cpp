#include "terrain.hpp"

#include <algorithm>
#include <cstdio>

#include "atlas.hpp"

// Not needed for shading: what a map looks like in letters.
void print_map(const std::vector<double>& light, std::size_t columns) {
    for (std::size_t i = 0; i < light.size(); ++i) {
        std::putchar(light[i] > 0.5 ? '#' : '.');
        if ((i + 1) % columns == 0) {
            std::putchar('\n');
        }
    }
}

void shade(const std::vector<double>& height, std::vector<double>& light, std::size_t rows,
           std::size_t columns) {
    ++maps_shaded;
    light.assign(rows * columns, 1.0);
    for (std::size_t row = 1; row + 1 < rows; ++row) {
        for (std::size_t column = 1; column + 1 < columns; ++column) {
            const std::size_t here = row * columns + column;
            const double east = (height[here + 1] - height[here - 1]) / 2.0;
            const double south = (height[here + columns] - height[here - columns]) / 2.0;
            const double slope = steepness(east, south);
            const double aspect = std::atan2(south, -east);
            const double lit = std::cos(slope) * 0.7 +
                               std::sin(slope) * 0.7 * std::cos(2.36 - aspect);
            light[here] = std::max(0.0, lit);
        }
    }
}
