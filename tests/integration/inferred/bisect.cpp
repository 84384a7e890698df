#include <vector>
void positions(std::vector<double> const& table, std::vector<double> const& keys, std::vector<int>& found) {
    for (int q = 0; q < (int)keys.size(); ++q) {
        int lo = 0, hi = (int)table.size() - 1;
        found[q] = -1;
        while (lo <= hi) {
            int mid = lo + (hi - lo) / 2;
            if (table[mid] == keys[q]) { found[q] = mid; break; }
            if (table[mid] < keys[q]) lo = mid + 1;
            else hi = mid - 1;
        }
    }
}
