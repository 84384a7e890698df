// For each pixel, the index of the palette's colour nearest to it (Euclidean distance in RGB); the
// first of them in a tie, -1 where the palette is empty.
// indices has as many elements as pixels.

#include <cstddef>
#include <limits>
#include <vector>

struct Color {
    float red, green, blue;
};

static int nearestIn(std::vector<Color> const& palette, Color const& pixel) {
    int nearest = -1;
    float smallest = std::numeric_limits<float>::max();
    for (std::size_t c = 0; c < palette.size(); ++c) {
        const float red = palette[c].red - pixel.red;
        const float green = palette[c].green - pixel.green;
        const float blue = palette[c].blue - pixel.blue;
        const float distance = red * red + green * green + blue * blue;
        if (distance < smallest) {
            smallest = distance;
            nearest = static_cast<int>(c);
        }
    }
    return nearest;
}

void mapToPalette(std::vector<Color> const& pixels, std::vector<Color> const& palette,
                  std::vector<int>& indices) {
    for (std::size_t p = 0; p < pixels.size(); ++p) {
        indices[p] = nearestIn(palette, pixels[p]);
    }
}
