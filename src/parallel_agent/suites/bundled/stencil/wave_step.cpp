// One leapfrog step of the two-dimensional wave equation on a rows x cols grid, row-major:
//   next = 2 * current - previous + courant^2 * laplacian(current)
// inside the grid. The rim of `next` is left as it is.

void waveStep(const double* current, const double* previous, double* next, int rows, int cols,
              double courant) {
    const double c2 = courant * courant;
    for (int i = 1; i < rows - 1; ++i) {
        for (int j = 1; j < cols - 1; ++j) {
            const int p = i * cols + j;
            const double laplacian = current[p - cols] + current[p + cols] + current[p - 1] +
                                     current[p + 1] - 4.0 * current[p];
            next[p] = 2.0 * current[p] - previous[p] + c2 * laplacian;
        }
    }
}
