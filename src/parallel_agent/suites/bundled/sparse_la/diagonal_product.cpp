// Multiplies a square sparse matrix, stored by diagonals, with a block of column vectors:
//   result = matrix * block.
// Entry (i, i + offsets[d]) of the matrix is diagonals[i * count + d]; where a diagonal leaves the
// matrix, its entries are padding. block and result are rows x columns, row-major.

#include <vector>

void multiplyDiagonals(std::vector<double> const& diagonals, std::vector<int> const& offsets,
                       std::vector<double> const& block, std::vector<double>& result, int rows,
                       int count, int columns) {
    for (int i = 0; i < rows; ++i) {
        for (int c = 0; c < columns; ++c) {
            double sum = 0.0;
            for (int d = 0; d < count; ++d) {
                const long long k = static_cast<long long>(i) + offsets[d];
                if (k >= 0 && k < rows) {
                    sum += diagonals[i * count + d] * block[k * columns + c];
                }
            }
            result[i * columns + c] = sum;
        }
    }
}
