// Turns a grey image (0 is black, 255 white) into dots of ink by error diffusion (Floyd and Steinberg,
// 1976): what a pixel loses by becoming black or white goes to the neighbours that are still to come.
// grey, which is used up, and ink are rows x cols, row-major; ink is 1 where a dot is printed.

#include <vector>

void diffuseDither(std::vector<int>& grey, std::vector<unsigned char>& ink, int rows, int cols) {
    for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < cols; ++x) {
            const int p = y * cols + x;
            const int old = grey[p];
            const bool dot = old < 128;
            ink[p] = dot ? 1 : 0;
            const int error = old - (dot ? 0 : 255);
            if (x + 1 < cols) {
                grey[p + 1] += error * 7 / 16;
            }
            if (y + 1 == rows) {
                continue;
            }
            if (x > 0) {
                grey[p + cols - 1] += error * 3 / 16;
            }
            grey[p + cols] += error * 5 / 16;
            if (x + 1 < cols) {
                grey[p + cols + 1] += error / 16;
            }
        }
    }
}
