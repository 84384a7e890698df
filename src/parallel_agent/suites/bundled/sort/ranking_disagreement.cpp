// How far a listener's ranking of songs is from the chart's (Kendall's tau distance): the number of
// pairs that the two order differently. ranking[i] is the listener's rank of the chart's i-th song;
// equal ranks disagree with nothing.

#include <cstddef>
#include <vector>

// Sorts ranks[begin, end) and counts the pairs in it that were out of order.
static long long sortAndCount(std::vector<int>& ranks, std::vector<int>& merged, std::size_t begin,
                              std::size_t end) {
    if (end - begin < 2) {
        return 0;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    long long pairs = sortAndCount(ranks, merged, begin, middle);
    pairs += sortAndCount(ranks, merged, middle, end);
    std::size_t left = begin;
    std::size_t right = middle;
    for (std::size_t k = begin; k < end; ++k) {
        if (right == end || (left < middle && ranks[left] <= ranks[right])) {
            merged[k] = ranks[left++];
        } else {
            pairs += static_cast<long long>(middle - left);
            merged[k] = ranks[right++];
        }
    }
    for (std::size_t k = begin; k < end; ++k) {
        ranks[k] = merged[k];
    }
    return pairs;
}

long long rankingDisagreement(std::vector<int> const& ranking) {
    std::vector<int> ranks(ranking);
    std::vector<int> merged(ranking.size());
    return sortAndCount(ranks, merged, 0, ranks.size());
}
