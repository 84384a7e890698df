// Score of the best local alignment of two sequences of amino acids (Smith and Waterman, 1981): 3 for
// a match, -2 for a mismatch, and -1 for each amino acid that is left out of one of them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

using Residues = std::vector<std::uint8_t>;

int alignmentScore(Residues const& query, Residues const& subject) {
    std::vector<int> above(subject.size() + 1, 0);
    std::vector<int> row(subject.size() + 1, 0);
    int best = 0;
    for (std::size_t i = 1; i <= query.size(); ++i) {
        for (std::size_t j = 1; j <= subject.size(); ++j) {
            const int aligned = above[j - 1] + (query[i - 1] == subject[j - 1] ? 3 : -2);
            const int left_out = std::max(above[j], row[j - 1]) - 1;
            row[j] = std::max({0, aligned, left_out});
            best = std::max(best, row[j]);
        }
        std::swap(above, row);
    }
    return best;
}
