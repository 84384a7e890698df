#include <cstdint>
#include <vector>
void byteCounts(std::vector<std::uint8_t> const& data, std::vector<int>& counts) {
    for (int i = 0; i < 256; ++i) counts[i] = 0;
    for (std::uint8_t b : data) ++counts[b];
}
