#include "atlas.hpp"

std::size_t maps_shaded = 0;
