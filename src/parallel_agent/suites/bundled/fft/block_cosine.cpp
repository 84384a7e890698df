// Discrete cosine transform (type II, orthonormal) of one block of 8 x 8 pixels, as image coders use
// it:
//   coefficients[u][v] = c(u) c(v) / 4 * sum over x, y of
//       pixels[x][y] * cos((2x + 1) u pi / 16) * cos((2y + 1) v pi / 16), with c(0) = 1 / sqrt(2).

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

constexpr std::size_t kSide = 8;
using Block = std::array<float, kSide * kSide>;

static float weight(std::size_t frequency, std::size_t position) {
    const double angle = (2.0 * position + 1.0) * frequency * std::numbers::pi / 16.0;
    return static_cast<float>(0.5 * (frequency == 0 ? std::numbers::sqrt2 / 2.0 : std::cos(angle)));
}

void blockCosine(Block const& pixels, Block& coefficients) {
    Block basis{};
    for (std::size_t u = 0; u < kSide; ++u) {
        for (std::size_t x = 0; x < kSide; ++x) {
            basis[u * kSide + x] = weight(u, x);
        }
    }
    Block columns{};
    for (std::size_t u = 0; u < kSide; ++u) {
        for (std::size_t x = 0; x < kSide; ++x) {
            for (std::size_t y = 0; y < kSide; ++y) {
                columns[u * kSide + y] += basis[u * kSide + x] * pixels[x * kSide + y];
            }
        }
    }
    for (std::size_t u = 0; u < kSide; ++u) {
        for (std::size_t v = 0; v < kSide; ++v) {
            float sum = 0.0f;
            for (std::size_t y = 0; y < kSide; ++y) {
                sum += columns[u * kSide + y] * basis[v * kSide + y];
            }
            coefficients[u * kSide + v] = sum;
        }
    }
}
