#pragma once

#include <cstddef>

namespace tides {

// How many series were smoothed since the start: the journal of the day says so.
extern std::size_t series_smoothed;

}  // namespace tides
