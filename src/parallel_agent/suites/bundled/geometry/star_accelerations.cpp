// Acceleration of every star of a cluster by the pull of all the others, in units in which the
// constant of gravitation is 1. Close encounters are softened:
//   pulls[i] = sum over j of mass_j * (r_j - r_i) / (|r_j - r_i|^2 + softening^2)^(3/2).
// pulls has as many elements as stars.

#include <cmath>
#include <cstddef>
#include <vector>

struct Star {
    double x, y, z;
    double mass;
};

struct Pull {
    double x, y, z;
};

void starAccelerations(std::vector<Star> const& stars, std::vector<Pull>& pulls, double softening) {
    for (Pull& pull : pulls) {
        pull = {0.0, 0.0, 0.0};
    }
    const double least = softening * softening;
    // Every pair once: action and reaction.
    for (std::size_t i = 0; i < stars.size(); ++i) {
        for (std::size_t j = i + 1; j < stars.size(); ++j) {
            const double dx = stars[j].x - stars[i].x;
            const double dy = stars[j].y - stars[i].y;
            const double dz = stars[j].z - stars[i].z;
            const double squared = dx * dx + dy * dy + dz * dz + least;
            const double inverse = 1.0 / (squared * std::sqrt(squared));
            const double by_j = stars[j].mass * inverse;
            const double by_i = stars[i].mass * inverse;
            pulls[i].x += by_j * dx;
            pulls[i].y += by_j * dy;
            pulls[i].z += by_j * dz;
            pulls[j].x -= by_i * dx;
            pulls[j].y -= by_i * dy;
            pulls[j].z -= by_i * dz;
        }
    }
}
