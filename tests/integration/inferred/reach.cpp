#include <cstddef>
#include <vector>

// Steps from start to goal along links (nodes x nodes, not 0 where there is one); -1 without a way.
int steps(std::vector<int> const& links, int nodes, int start, int goal) {
    std::vector<int> order{start};
    std::vector<int> distance(static_cast<std::size_t>(nodes), -1);
    distance[static_cast<std::size_t>(start)] = 0;
    for (std::size_t head = 0; head < order.size(); ++head) {
        const int at = order[head];
        if (at == goal) {
            return distance[at];
        }
        for (int next = 0; next < nodes; ++next) {
            if (links[at * nodes + next] != 0 && distance[next] < 0) {
                distance[next] = distance[at] + 1;
                order.push_back(next);
            }
        }
    }
    return -1;
}
