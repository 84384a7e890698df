#include <vector>
struct Entry { int row; int col; double value; };
void scatter(std::vector<Entry> const& entries, std::vector<double>& dense, int rows, int cols) {
    for (auto const& e : entries) {
        if (e.row == e.col) dense[e.row * cols + e.col] += 2.0 * e.value;
        else dense[e.row * cols + e.col] += e.value;
    }
}
