// One Gauss-Seidel sweep over the pressures in a network of pipes: each node takes the pressure that
// balances its own inflow against its neighbours as they are by now,
//   pressure[i] = (inflow[i] + sum over k of conductance[k] * pressure[column[k]]) / diagonal[i]
// for first[i] <= k < first[i + 1]. first has one element more than there are nodes.

#include <cstddef>
#include <vector>

void relaxPressure(std::vector<int> const& first, std::vector<int> const& column,
                   std::vector<double> const& conductance, std::vector<double> const& diagonal,
                   std::vector<double> const& inflow, std::vector<double>& pressure) {
    for (std::size_t i = 0; i < pressure.size(); ++i) {
        double sum = inflow[i];
        for (int k = first[i]; k < first[i + 1]; ++k) {
            sum += conductance[k] * pressure[column[k]];
        }
        pressure[i] = sum / diagonal[i];
    }
}
