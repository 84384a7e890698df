// Which points of a terrain profile can be seen from its first point: those to which the line of
// sight rises more steeply than to every point before. The points lie `spacing` apart.
// visible has as many elements as heights.

#include <cstddef>
#include <limits>
#include <vector>

void visibleRidges(std::vector<float> const& heights, float spacing, std::vector<bool>& visible) {
    float steepest = -std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < heights.size(); ++i) {
        if (i == 0) {
            visible[i] = true;
            continue;
        }
        const float slope = (heights[i] - heights[0]) / (spacing * static_cast<float>(i));
        visible[i] = slope > steepest;
        if (slope > steepest) {
            steepest = slope;
        }
    }
}
