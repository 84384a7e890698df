#include <cstddef>
#include <vector>
long exclusiveSum(std::vector<int> const& counts, std::vector<long>& offsets) {
    offsets[0] = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) offsets[i + 1] = offsets[i] + counts[i];
    return offsets[counts.size()];
}
