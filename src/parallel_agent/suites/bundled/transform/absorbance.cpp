// Absorbance of every pixel of a spectrometer's sensor: what the sample lets through (raw), held
// against a full white (white) and no light at all (dark), on a logarithmic scale:
//   out[i] = -log10((raw[i] - dark[i]) / (white[i] - dark[i])).
// A pixel that got no light counts as one that got a hundredth of a step. All four have n elements.

#include <cmath>

void absorbance(const unsigned short* raw, const unsigned short* dark, const unsigned short* white,
                float* out, int n) {
    const unsigned short* end = raw + n;
    float through, full;

    while (raw < end) {
        through = static_cast<float>(*raw++) - *dark;
        full = static_cast<float>(*white++) - *dark++;
        if (through < 0.01f)
            through = 0.01f;
        if (full < 0.01f)
            full = 0.01f;
        *out++ = -std::log10(through / full);
    }
}
