// A square image, doubled and clamped: 255 is enough for a length at small sizes only.
#include <cstddef>
#include <vector>

void clampImage(std::vector<int> const& image, std::vector<int>& out, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t j = 0; j < width; ++j) {
            const int value = 2 * image[i * width + j];
            if (value < 0) {
                out[i * width + j] = 0;
            } else {
                out[i * width + j] = value > 255 ? 255 : value;
            }
        }
    }
}
