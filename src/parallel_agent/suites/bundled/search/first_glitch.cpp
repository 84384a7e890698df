// Position of the first glitch in a recording, -1 where there is none: a sample that lies farther than
// `limit` above or below both of its neighbours.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

static bool isGlitch(float before, float sample, float after, float limit) {
    const float rise = sample - before;
    const float fall = sample - after;
    return rise * fall > 0.0f && std::min(std::abs(rise), std::abs(fall)) > limit;
}

long firstGlitch(std::vector<float> const& samples, float limit) {
    for (std::size_t i = 1; i + 1 < samples.size(); ++i) {
        if (isGlitch(samples[i - 1], samples[i], samples[i + 1], limit)) {
            return static_cast<long>(i);
        }
    }
    return -1;
}
