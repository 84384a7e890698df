// Running integral of equally spaced samples by the trapezoidal rule:
//   integral[0] = 0, integral[i] = integral[i-1] + step * (samples[i-1] + samples[i]) / 2.
// integral has as many elements as samples.

#include <cstddef>
#include <vector>

void cumulativeIntegral(std::vector<double> const& samples, std::vector<double>& integral,
                        double step) {
    double total = 0.0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (i > 0) {
            total += 0.5 * step * (samples[i - 1] + samples[i]);
        }
        integral[i] = total;
    }
}
