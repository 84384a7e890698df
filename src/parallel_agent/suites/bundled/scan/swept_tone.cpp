// A tone whose pitch changes from sample to sample, by direct digital synthesis: the phase is the
// running sum of the tuning words, modulo 2^32 for one turn, and an overtone sounds with the tone.
// tuning, level and tone have as many elements.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

void sweptTone(std::vector<std::uint32_t> const& tuning, std::vector<float> const& level,
               std::vector<float>& tone) {
    const double turn = 6.283185307179586 / 4294967296.0;
    std::uint32_t phase = 0;
    for (std::size_t i = 0; i < tuning.size(); ++i) {
        phase += tuning[i];
        const double angle = turn * phase;
        tone[i] = level[i] * static_cast<float>(std::sin(angle) + 0.5 * std::sin(2.0 * angle));
    }
}
