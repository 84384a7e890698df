// Sum of squared residuals of an exponential decay fitted to measurements:
//   sum over i of (observed[i] - (background + amplitude * exp(-rate * times[i])))^2.
// observed has as many elements as times.

#include <cmath>
#include <cstddef>
#include <vector>

double decayMisfit(std::vector<double> const& times, std::vector<double> const& observed,
                   double amplitude, double rate, double background) {
    double misfit = 0.0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const double expected = background + amplitude * std::exp(-rate * times[i]);
        const double residual = observed[i] - expected;
        misfit += residual * residual;
    }
    return misfit;
}
