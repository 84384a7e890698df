#include "tides/journal.hpp"

namespace tides {

std::size_t series_smoothed = 0;

}  // namespace tides
