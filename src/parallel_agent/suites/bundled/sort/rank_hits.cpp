// Orders search hits for display: the highest score first, equal scores by document number.

#include <algorithm>
#include <cstdint>
#include <vector>

struct Hit {
    float score;
    std::uint32_t document;
};

void rankHits(std::vector<Hit>& hits) {
    std::sort(hits.begin(), hits.end(), [](Hit const& a, Hit const& b) {
        if (a.score != b.score) {
            return a.score > b.score;
        }
        return a.document < b.document;
    });
}
