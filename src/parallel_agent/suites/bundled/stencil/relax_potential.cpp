// Electric potential between charges on a plate whose rim is kept as it is, by red-black successive
// over-relaxation: in each sweep first the cells with an even, then those with an odd sum of row and
// column move towards the mean of their neighbours and their own charge. Both grids are rows x cols,
// row-major. Returns the largest change of the last sweep.

#include <algorithm>
#include <cmath>
#include <vector>

double relaxPotential(std::vector<double>& potential, std::vector<double> const& charge, int rows,
                      int cols, int sweeps, double omega) {
    double largest = 0.0;
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        largest = 0.0;
        for (int colour = 0; colour < 2; ++colour) {
            for (int i = 1; i < rows - 1; ++i) {
                for (int j = 1; j < cols - 1; ++j) {
                    if ((i + j) % 2 == colour) {
                        const double around = potential[(i - 1) * cols + j] +
                                              potential[(i + 1) * cols + j] +
                                              potential[i * cols + j - 1] +
                                              potential[i * cols + j + 1];
                        const double change =
                            0.25 * (around + charge[i * cols + j]) - potential[i * cols + j];
                        potential[i * cols + j] += omega * change;
                        largest = std::max(largest, std::fabs(change));
                    }
                }
            }
        }
    }
    return largest;
}
