// Power of a complex baseband signal in each of its N frequency bins, straight from the definition:
//   power[k] = |sum over t of signal[t] * exp(-2 pi i k t / N)|^2 / N.
// power has as many elements as signal.

#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <vector>

void powerSpectrum(std::vector<std::complex<float>> const& signal, std::vector<double>& power) {
    const std::size_t n = signal.size();
    for (std::size_t k = 0; k < n; ++k) {
        double re = 0.0;
        double im = 0.0;
        for (std::size_t t = 0; t < n; ++t) {
            // The phase is reduced to one turn in integers, where nothing is lost.
            const double angle = 2.0 * std::numbers::pi * static_cast<double>(k * t % n) / n;
            const double c = std::cos(angle);
            const double s = std::sin(angle);
            re += signal[t].real() * c + signal[t].imag() * s;
            im += signal[t].imag() * c - signal[t].real() * s;
        }
        power[k] = (re * re + im * im) / n;
    }
}
