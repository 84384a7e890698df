#pragma once

#include <cstddef>

// How many maps this process has shaded: the last page's number is printed from it.
extern std::size_t maps_shaded;
