// Number of clusters in an outbreak: people are in the same one if a chain of contacts joins them.
// Someone without contacts is a cluster by himself. People are numbered from 0.

#include <algorithm>
#include <numeric>
#include <vector>

struct Contact {
    int one;
    int other;
};

int countClusters(std::vector<Contact> const& contacts, int people) {
    std::vector<int> cluster(people);
    std::iota(cluster.begin(), cluster.end(), 0);
    // The smallest number of a cluster spreads until nobody learns of a smaller one.
    bool changed = true;
    while (changed) {
        changed = false;
        for (auto const& [one, other] : contacts) {
            const int smallest = std::min(cluster[one], cluster[other]);
            if (cluster[one] != smallest || cluster[other] != smallest) {
                cluster[one] = cluster[other] = smallest;
                changed = true;
            }
        }
    }
    int clusters = 0;
    for (int person = 0; person < people; ++person) {
        if (cluster[person] == person) {
            ++clusters;
        }
    }
    return clusters;
}
