#include <vector>
void histogram(std::vector<double> const& x, std::vector<int>& counts, int bins, double low, double high) {
    for (double v : x) {
        if (v < low || v >= high) continue;
        int b = static_cast<int>((v - low) / (high - low) * bins);
        if (b == bins) b = bins - 1;
        counts[b] += 1;
    }
}
