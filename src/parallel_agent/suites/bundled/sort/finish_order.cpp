// The order in which runners finished: the numbers of the fastest first, and of those with the same
// time the lower number. order has as many elements as there are runners.

#include <algorithm>
#include <numeric>
#include <vector>

void finishOrder(std::vector<float> const& seconds, std::vector<int>& order) {
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        return seconds[a] != seconds[b] ? seconds[a] < seconds[b] : a < b;
    });
}
