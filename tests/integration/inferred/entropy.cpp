#include <cmath>
#include <vector>
double entropy(std::vector<double> const& p) {
    double h = 0.0;
    for (double q : p) {
        if (q == 0.0) continue;
        h -= q * std::log2(q);
    }
    return h;
}
