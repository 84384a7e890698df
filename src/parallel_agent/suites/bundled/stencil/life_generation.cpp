// The next generation of Conway's Game of Life on a torus: what leaves the board on one side comes in
// on the other. board and next are rows x cols, row-major; a cell is alive if it is not 0.

#include <vector>

void nextGeneration(std::vector<unsigned char> const& board, std::vector<unsigned char>& next,
                    int rows, int cols) {
    auto alive = [&](int row, int col) {
        const int r = (row + rows) % rows;
        const int c = (col + cols) % cols;
        return board[r * cols + c] != 0 ? 1 : 0;
    };
    for (int row = 0; row < rows; ++row) {
        for (int col = 0; col < cols; ++col) {
            int neighbours = 0;
            for (int down = -1; down <= 1; ++down) {
                for (int right = -1; right <= 1; ++right) {
                    if (down != 0 || right != 0) {
                        neighbours += alive(row + down, col + right);
                    }
                }
            }
            const bool lives = neighbours == 3 || (neighbours == 2 && alive(row, col));
            next[row * cols + col] = lives ? 1 : 0;
        }
    }
}
