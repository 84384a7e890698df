#include <cmath>
#include <vector>
int jacobi(std::vector<std::vector<double>> const& a, std::vector<double> const& b, std::vector<double>& x, double tolerance) {
    const int n = (int)b.size();
    std::vector<double> next(n);
    for (int step = 0; step < 200; ++step) {
        double moved = 0.0;
        for (int i = 0; i < n; ++i) {
            double s = b[i];
            for (int j = 0; j < n; ++j) if (j != i) s -= a[i][j] * x[j];
            next[i] = s / a[i][i];
            moved = std::fmax(moved, std::fabs(next[i] - x[i]));
        }
        x = next;
        if (moved < tolerance) return step;
    }
    return -1;
}
