// Mean distance from each site to its nearest neighbour (the observed term of the Clark-Evans
// index of clustering). 0 for fewer than two sites.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

struct Site {
    float x, y, z;
};

static float squaredDistance(Site const& a, Site const& b) {
    const float dx = a.x - b.x;
    const float dy = a.y - b.y;
    const float dz = a.z - b.z;
    return dx * dx + dy * dy + dz * dz;
}

double meanNeighborSpacing(std::vector<Site> const& sites) {
    if (sites.size() < 2) {
        return 0.0;
    }
    double total = 0.0;
    for (std::size_t i = 0; i < sites.size(); ++i) {
        float nearest = std::numeric_limits<float>::max();
        for (std::size_t j = 0; j < sites.size(); ++j) {
            if (i != j) {
                nearest = std::min(nearest, squaredDistance(sites[i], sites[j]));
            }
        }
        total += std::sqrt(nearest);
    }
    return total / sites.size();
}
