void relax(const double* old, double* next, int rows, int cols, double* residual) {
    double most = 0.0;
    const int w = cols + 2;
    for (int i = 1; i <= rows; ++i)
        for (int j = 1; j <= cols; ++j) {
            const double v = 0.25 * (old[(i - 1) * w + j] + old[(i + 1) * w + j] + old[i * w + j - 1] + old[i * w + j + 1]);
            const double d = v > old[i * w + j] ? v - old[i * w + j] : old[i * w + j] - v;
            if (d > most) most = d;
            next[i * w + j] = v;
        }
    residual[0] = most;
}
