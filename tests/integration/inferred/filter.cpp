#include <vector>
void select(std::vector<int> const& x, int threshold, std::vector<int>& chosen) {
    for (int v : x) {
        if (v > threshold) chosen.push_back(v);
        else if (v == threshold) chosen.push_back(-1);
    }
}
