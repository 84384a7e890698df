#include <cmath>
#include <cstdio>

#include "atlas.hpp"
#include "terrain.hpp"

namespace {

int failures = 0;

void check(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "FAILED: %s\n", what);
        ++failures;
    }
}

}  // namespace

int main() {
    const std::size_t rows = 40, columns = 30;
    std::vector<double> height(rows * columns), light;
    shade(height, light, rows, columns);
    check(std::fabs(light[columns + 1] - 0.7) < 1e-12, "a plain is lit by the height of the sun");
    for (std::size_t i = 0; i < height.size(); ++i) {
        height[i] = static_cast<double>(i % columns);
    }
    shade(height, light, rows, columns);
    check(light[5 * columns + 5] > 0.7, "a slope to the west, towards the sun, is brighter");
    check(light[0] == 1.0, "the border is white");
    check(maps_shaded == 2, "every map is counted");
    return failures == 0 ? 0 : 1;
}
