// Fills the canvas of a game with the colour of the sky (alpha, red, green, blue in one number).

#include <algorithm>
#include <cstdint>
#include <vector>

void clearCanvas(std::vector<std::uint32_t>& canvas, std::uint32_t sky) {
    std::fill(canvas.begin(), canvas.end(), sky);
}
