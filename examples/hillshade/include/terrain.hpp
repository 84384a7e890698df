#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// How steep a terrain is where it rises by these amounts to the east and to the south.
inline double steepness(double east, double south) {
    return std::atan(std::sqrt(east * east + south * south));
}

// How brightly the sun in the north-west lights each cell of a map, from 0 to 1.
void shade(const std::vector<double>& height, std::vector<double>& light, std::size_t rows,
           std::size_t columns);
