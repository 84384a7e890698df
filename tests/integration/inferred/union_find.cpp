#include <utility>
#include <vector>
int components(std::vector<std::pair<int, int>> const& edges, std::vector<int>& parent) {
    int left = (int)parent.size();
    for (int i = 0; i < (int)parent.size(); ++i) parent[i] = i;
    for (auto const& [u, v] : edges) {
        int a = u, b = v;
        while (parent[a] != a) a = parent[a];
        while (parent[b] != b) b = parent[b];
        if (a != b) { parent[a] = b; --left; }
    }
    return left;
}
