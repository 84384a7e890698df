#include "tides/smooth.hpp"

#include <algorithm>
#include <cstdio>

#include "tides/journal.hpp"

namespace tides {

void print_series(const std::vector<long long>& sums) {
    for (const long long sum : sums) {
        std::printf("%lld\n", sum);
    }
}

void near_sums(const std::vector<int>& levels, std::vector<long long>& sums, std::size_t reach) {
    ++series_smoothed;
    sums.assign(levels.size(), 0);
    for (std::size_t here = 0; here < levels.size(); ++here) {
        long long sum = 0;
        for (std::size_t near = first_near(here, reach); near < levels.size(); ++near) {
            if (near > here && near - here > reach) {
                break;
            }
            sum += levels[near];
        }
        sums[here] = sum;
    }
}

}  // namespace tides
