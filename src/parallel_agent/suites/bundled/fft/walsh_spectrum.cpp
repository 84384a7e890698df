// Walsh-Hadamard transform, in place and unscaled, of the measured fitness of all 2^k genotypes of k
// loci: element g of the result is the sum over h of fitness[h] with the sign (-1)^popcount(g & h).
// The number of genotypes is a power of two.

#include <cstddef>
#include <vector>

void walshSpectrum(std::vector<double>& fitness) {
    const std::size_t genotypes = fitness.size();
    for (std::size_t half = 1; half < genotypes; half *= 2) {
        for (std::size_t start = 0; start < genotypes; start += 2 * half) {
            for (std::size_t low = start; low < start + half; ++low) {
                const double without = fitness[low];
                const double with = fitness[low + half];
                fitness[low] = without + with;
                fitness[low + half] = without - with;
            }
        }
    }
}
