// Exponential moving average of a stream of quotes:
//   smoothed[0] = quotes[0], smoothed[i] = weight * quotes[i] + (1 - weight) * smoothed[i-1].
// smoothed has as many elements as quotes; 0 <= weight <= 1.

#include <vector>

void smoothQuotes(std::vector<double> const& quotes, std::vector<double>& smoothed, double weight) {
    if (quotes.empty()) {
        return;
    }
    double average = quotes.front();
    auto out = smoothed.begin();
    for (double quote : quotes) {
        average += weight * (quote - average);
        *out++ = average;
    }
}
