// Size of a colony from season to season, as a share of what its habitat could feed: logistic growth,
// and what each season's harvest takes away,
//   share[t] = clamp(share[t-1] + rate * share[t-1] * (1 - share[t-1]) - harvest[t], 0, 1).
// share has as many elements as harvest. Every season needs the one before.

#include <algorithm>
#include <cstddef>
#include <vector>

void colonyGrowth(std::vector<double> const& harvest, std::vector<double>& share, double founders,
                  double rate) {
    double now = founders;
    for (std::size_t t = 0; t < harvest.size(); ++t) {
        now = std::clamp(now + rate * now * (1.0 - now) - harvest[t], 0.0, 1.0);
        share[t] = now;
    }
}
