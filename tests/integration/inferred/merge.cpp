#include <cstddef>
#include <vector>
void mergeSorted(std::vector<int> const& a, std::vector<int> const& b, std::vector<int>& out) {
    std::size_t i = 0, j = 0, k = 0;
    while (i < a.size() && j < b.size()) {
        if (a[i] <= b[j]) out[k++] = a[i++];
        else out[k++] = b[j++];
    }
    while (i < a.size()) out[k++] = a[i++];
    while (j < b.size()) out[k++] = b[j++];
}
