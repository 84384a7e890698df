// Adds a batch of samples to a running matrix of second moments:
//   moments[i][j] += sum over s of samples[s][i] * samples[s][j].
// samples is batch x features and moments is features x features, both row-major.

#include <cstddef>
#include <vector>

void accumulateMoments(std::vector<double> const& samples, std::vector<double>& moments,
                       std::size_t batch, std::size_t features) {
    for (std::size_t i = 0; i < features; ++i) {
        for (std::size_t j = 0; j < features; ++j) {
            for (std::size_t s = 0; s < batch; ++s) {
                moments[i * features + j] += samples[s * features + i] * samples[s * features + j];
            }
        }
    }
}
