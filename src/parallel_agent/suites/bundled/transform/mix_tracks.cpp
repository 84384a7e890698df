// Mixes two stereo tracks into one, with a gain for each, and keeps the result within full scale.
// mixed has as many frames as each of the tracks.

#include <algorithm>
#include <cstddef>
#include <vector>

struct Frame {
    float left, right;
};

void mixTracks(std::vector<Frame> const& voice, std::vector<Frame> const& music, float voice_gain,
               float music_gain, std::vector<Frame>& mixed) {
    for (std::size_t i = 0; i < mixed.size(); ++i) {
        const float left = voice_gain * voice[i].left + music_gain * music[i].left;
        const float right = voice_gain * voice[i].right + music_gain * music[i].right;
        mixed[i].left = std::clamp(left, -1.0f, 1.0f);
        mixed[i].right = std::clamp(right, -1.0f, 1.0f);
    }
}
