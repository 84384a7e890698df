// Discrete cosine transform (type II, orthonormal) of one block of 8 x 8 pixels, as image coders use
// it:
//   coefficients[u][v] = c(u) c(v) / 4 * sum over x, y of
//       pixels[x][y] * cos((2x + 1) u pi / 16) * cos((2y + 1) v pi / 16), with c(0) = 1 / sqrt(2).

#include <array>
#include <cstddef>

constexpr std::size_t kSide = 8;
using Block = std::array<float, kSide * kSide>;

// c(u) / 2 * cos((2x + 1) u pi / 16), a row for each u.
constexpr Block kBasis = {
    0.3535534f, 0.3535534f, 0.3535534f, 0.3535534f,
    0.3535534f, 0.3535534f, 0.3535534f, 0.3535534f,
    0.4903926f, 0.4157348f, 0.2777851f, 0.0975452f,
    -0.0975452f, -0.2777851f, -0.4157348f, -0.4903926f,
    0.4619398f, 0.1913417f, -0.1913417f, -0.4619398f,
    -0.4619398f, -0.1913417f, 0.1913417f, 0.4619398f,
    0.4157348f, -0.0975452f, -0.4903926f, -0.2777851f,
    0.2777851f, 0.4903926f, 0.0975452f, -0.4157348f,
    0.3535534f, -0.3535534f, -0.3535534f, 0.3535534f,
    0.3535534f, -0.3535534f, -0.3535534f, 0.3535534f,
    0.2777851f, -0.4903926f, 0.0975452f, 0.4157348f,
    -0.4157348f, -0.0975452f, 0.4903926f, -0.2777851f,
    0.1913417f, -0.4619398f, 0.4619398f, -0.1913417f,
    -0.1913417f, 0.4619398f, -0.4619398f, 0.1913417f,
    0.0975452f, -0.2777851f, 0.4157348f, -0.4903926f,
    0.4903926f, -0.4157348f, 0.2777851f, -0.0975452f,
};

void blockCosine(Block const& pixels, Block& coefficients) {
    Block columns{};
    for (std::size_t u = 0; u < kSide; ++u) {
        for (std::size_t x = 0; x < kSide; ++x) {
            for (std::size_t y = 0; y < kSide; ++y) {
                columns[u * kSide + y] += kBasis[u * kSide + x] * pixels[x * kSide + y];
            }
        }
    }
    for (std::size_t u = 0; u < kSide; ++u) {
        for (std::size_t v = 0; v < kSide; ++v) {
            float sum = 0.0f;
            for (std::size_t y = 0; y < kSide; ++y) {
                sum += columns[u * kSide + y] * kBasis[v * kSide + y];
            }
            coefficients[u * kSide + v] = sum;
        }
    }
}
