#include <vector>
void transpose(std::vector<std::vector<int>> const& a, std::vector<std::vector<int>>& t, int rows, int cols) {
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols; ++j) t[j][i] = a[i][j];
}
