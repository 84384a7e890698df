// How many steps of z -> z^2 + c, from z = 0, each point c of the plane stays within a distance of 2
// from the origin, `limit` at most: the Mandelbrot set as it is coloured.
// steps has as many elements as points.

#include <algorithm>
#include <complex>
#include <vector>

static int escapeTime(std::complex<double> c, int limit) {
    std::complex<double> z = 0.0;
    for (int step = 0; step < limit; ++step) {
        if (std::norm(z) > 4.0) {
            return step;
        }
        z = z * z + c;
    }
    return limit;
}

void escapeTimes(std::vector<std::complex<double>> const& points, std::vector<int>& steps,
                 int limit) {
    std::transform(points.begin(), points.end(), steps.begin(),
                   [limit](std::complex<double> const& c) { return escapeTime(c, limit); });
}
