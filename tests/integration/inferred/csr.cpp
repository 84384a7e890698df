#include <cstddef>
#include <vector>
void spmv(std::vector<int> const& start, std::vector<int> const& column, std::vector<double> const& value,
          std::vector<double> const& x, std::vector<double>& y, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
        double sum = 0.0;
        for (int k = start[i]; k < start[i + 1]; ++k) sum += value[k] * x[column[k]];
        y[i] = sum;
    }
}
