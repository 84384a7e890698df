#include <complex>
#include <vector>
void escapeTimes(std::vector<std::complex<double>> const& c, std::vector<int>& steps, int most) {
    for (int i = 0; i < (int)c.size(); ++i) {
        std::complex<double> z = 0.0;
        int n = 0;
        while (n < most && std::norm(z) <= 4.0) { z = z * z + c[i]; ++n; }
        steps[i] = n;
    }
}
