// Counts audio samples by level: bin b holds the magnitudes from 2b - 126 to 2b - 124 decibels
// relative to full scale (1.0). Quieter samples fall into the first bin, louder ones into the last.
// The counts of this block are added to those already in `counts`.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

constexpr int kLevels = 64;
constexpr float kQuietest = 5e-7f;  // just under -126 dB, and it keeps zero out of the logarithm

static int levelOf(float sample) {
    const float decibels = 20.0f * std::log10(std::max(kQuietest, std::abs(sample)));
    return static_cast<int>(std::clamp((decibels + 126.0f) / 2.0f, 0.0f, kLevels - 1.0f));
}

void countLevels(std::vector<float> const& samples, std::array<std::size_t, kLevels>& counts) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
        counts[levelOf(samples[i])] += 1;
    }
}
