// Encodes linear light as sRGB, in place (IEC 61966-2-1): linear near black, a power law above.

#include <algorithm>
#include <cmath>
#include <vector>

static float encode(float linear) {
    if (linear <= 0.0031308f) {
        return 12.92f * linear;
    }
    return 1.055f * std::pow(linear, 1.0f / 2.4f) - 0.055f;
}

void encodeSrgb(std::vector<float>& pixels) {
    std::transform(pixels.begin(), pixels.end(), pixels.begin(), encode);
}
