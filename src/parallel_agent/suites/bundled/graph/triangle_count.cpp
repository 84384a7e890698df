// Number of triangles (three nodes, each joined to the other two) in an undirected graph.
// adjacency is nodes x nodes, row-major, not 0 where two nodes are joined; only the part above the
// diagonal is read.

#include <cstddef>
#include <vector>

long long countTriangles(std::vector<int> const& adjacency, std::size_t nodes) {
    long long triangles = 0;
    for (std::size_t u = 0; u < nodes; ++u) {
        for (std::size_t v = u + 1; v < nodes; ++v) {
            if (adjacency[u * nodes + v] == 0) {
                continue;
            }
            for (std::size_t w = v + 1; w < nodes; ++w) {
                if (adjacency[u * nodes + w] != 0 && adjacency[v * nodes + w] != 0) {
                    ++triangles;
                }
            }
        }
    }
    return triangles;
}
