// The tariff zone of a parcel: the number of zone limits, which ascend, that its distance exceeds.

#include <algorithm>
#include <vector>

int tariffZone(std::vector<double> const& limits, double distance) {
    return static_cast<int>(std::lower_bound(limits.begin(), limits.end(), distance) -
                            limits.begin());
}
