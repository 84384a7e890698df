#include <cstdint>
#include <vector>
int commonBits(std::vector<std::uint32_t> const& masks, std::vector<int> const& shifts, std::uint32_t wanted) {
    int hits = 0;
    for (std::size_t i = 0; i < masks.size(); ++i) {
        if (((masks[i] >> shifts[i]) & 1u) && (masks[i] & wanted) != 0) ++hits;
        if (masks[i] == wanted) hits += 100;
    }
    return hits;
}
