// Mean power that a phased antenna array receives from each direction it is steered to:
//   power[b] = mean over snapshots s of |sum over e of conj(weights[b][e]) * snapshots[s][e]|^2.
// weights is beams x elements and snapshots is count x elements, both row-major.

#include <complex>
#include <cstddef>
#include <vector>

using Sample = std::complex<float>;

void beamPower(std::vector<Sample> const& weights, std::vector<Sample> const& snapshots,
               std::vector<float>& power, std::size_t beams, std::size_t elements,
               std::size_t count) {
    for (std::size_t b = 0; b < beams; ++b) {
        float total = 0.0f;
        for (std::size_t s = 0; s < count; ++s) {
            Sample sum(0.0f, 0.0f);
            for (std::size_t e = 0; e < elements; ++e) {
                sum += std::conj(weights[b * elements + e]) * snapshots[s * elements + e];
            }
            total += std::norm(sum);
        }
        power[b] = count > 0 ? total / static_cast<float>(count) : 0.0f;
    }
}
