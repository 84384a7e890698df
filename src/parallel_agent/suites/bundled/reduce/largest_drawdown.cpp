// The largest drawdown of an investment: how far its value fell, at most, below the highest value
// that it had reached before. 0 where it never fell.

#include <algorithm>
#include <vector>

double largestDrawdown(std::vector<double> const& values) {
    if (values.empty()) {
        return 0.0;
    }
    double peak = values.front();
    double drawdown = 0.0;
    for (double value : values) {
        peak = std::max(peak, value);
        drawdown = std::max(drawdown, peak - value);
    }
    return drawdown;
}
