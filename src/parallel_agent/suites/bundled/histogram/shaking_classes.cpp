// Counts the stations of a seismic network by how strong an earthquake was felt there: peak ground
// velocity, in centimetres per second, in eight classes from "not felt" to "extreme". Stations that
// sent no data (a negative number) are not counted. The counts are added to those in `classes`.

#include <array>
#include <vector>

struct Reading {
    int station;
    float velocity;
};

void countShaking(std::vector<Reading> const& readings, std::array<int, 8>& classes) {
    for (auto const& reading : readings) {
        const float v = reading.velocity;
        if (v < 0.0f) {
            continue;
        }
        if (v < 0.02f) {
            ++classes[0];
        } else if (v < 0.13f) {
            ++classes[1];
        } else if (v < 1.4f) {
            ++classes[2];
        } else if (v < 4.7f) {
            ++classes[3];
        } else if (v < 9.6f) {
            ++classes[4];
        } else if (v < 20.0f) {
            ++classes[5];
        } else if (v < 41.0f) {
            ++classes[6];
        } else {
            ++classes[7];
        }
    }
}
