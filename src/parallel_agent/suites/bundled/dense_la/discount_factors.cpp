// Discount factors of the dates 1 to n, from the prices of n bonds (bootstrapping a yield curve):
// bond i pays flows[i][j] on the date j, nothing after the date i, and costs prices[i]. So
//   prices[i] = sum over j <= i of flows[i][j] * factors[j]
// is solved for `factors` from the first date to the last. flows is n x n, row-major.

#include <cstddef>
#include <vector>

void discountFactors(std::vector<double> const& flows, std::vector<double> const& prices,
                     std::vector<double>& factors, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        double left = prices[i];
        for (std::size_t j = 0; j < i; ++j) {
            left -= flows[i * n + j] * factors[j];
        }
        factors[i] = left / flows[i * n + i];
    }
}
