#pragma once

#include <cstddef>
#include <vector>

namespace tides {

// The first reading that is still near the one at `here`.
inline std::size_t first_near(std::size_t here, std::size_t reach) {
    return here < reach ? 0 : here - reach;
}

// For each reading of a gauge, in millimetres, the sum of all that are at most `reach` away from it.
void near_sums(const std::vector<int>& levels, std::vector<long long>& sums, std::size_t reach);

}  // namespace tides
