// Fewest transfers from one station to each of a network, -1 where there is no way: a search level
// by level. The stations that can be reached from s without a transfer are
// links[first[s]] to links[first[s + 1] - 1]; first has one element more than there are stations,
// hops as many as there are.

#include <queue>
#include <vector>

void transferHops(std::vector<int> const& first, std::vector<int> const& links, int origin,
                  std::vector<int>& hops) {
    for (int& hop : hops) {
        hop = -1;
    }
    if (origin < 0 || origin >= static_cast<int>(hops.size())) {
        return;
    }
    std::queue<int> waiting;
    hops[origin] = 0;
    waiting.push(origin);
    while (!waiting.empty()) {
        const int station = waiting.front();
        waiting.pop();
        for (int k = first[station]; k < first[station + 1]; ++k) {
            const int next = links[k];
            if (hops[next] < 0) {
                hops[next] = hops[station] + 1;
                waiting.push(next);
            }
        }
    }
}
