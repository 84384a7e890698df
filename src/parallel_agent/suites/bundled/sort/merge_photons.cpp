// Merges the photons that two detectors have counted into one list by the time of their arrival, in
// ticks of a clock, those of the first detector first where times agree. arrivals and detectors have
// room for all of them.

#include <cstddef>
#include <cstdint>
#include <vector>

void mergePhotons(std::vector<std::uint32_t> const& first, std::vector<std::uint32_t> const& second,
                  std::vector<std::uint32_t>& arrivals, std::vector<std::uint8_t>& detectors) {
    std::size_t i = 0;
    std::size_t j = 0;
    std::size_t k = 0;
    while (i < first.size() && j < second.size()) {
        if (first[i] <= second[j]) {
            arrivals[k] = first[i++];
            detectors[k++] = 1;
        } else {
            arrivals[k] = second[j++];
            detectors[k++] = 2;
        }
    }
    while (i < first.size()) {
        arrivals[k] = first[i++];
        detectors[k++] = 1;
    }
    while (j < second.size()) {
        arrivals[k] = second[j++];
        detectors[k++] = 2;
    }
}
