#include <vector>
void movingMax(std::vector<int> const& x, std::vector<int>& out, int width) {
    for (int i = 0; i + width <= (int)x.size(); ++i) {
        int best = x[i];
        for (int k = 1; k < width; ++k) if (x[i + k] > best) best = x[i + k];
        out[i] = best;
    }
}
