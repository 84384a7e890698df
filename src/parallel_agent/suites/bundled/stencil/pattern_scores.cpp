// How well a pattern fits at every place of a picture: the correlation of the pattern (height x width)
// with what lies under it, from -1 to 1; 0 where the picture is flat there.
//   picture: rows x cols, pattern: height x width, score: (rows - height + 1) x (cols - width + 1),
// row by row.

#include <cmath>

void patternScores(int rows, int cols, int height, int width, const float *picture,
                   const float *pattern, float *score)
{
    int r, c, y, x, area, wide;
    double mean, spread, sum, squares, product, p, v;

    area = height * width;
    wide = cols - width + 1;

    mean = 0.0;
    for (y = 0; y < area; y++)
        mean += pattern[y];
    mean /= area;
    spread = 0.0;
    for (y = 0; y < area; y++)
        spread += (pattern[y] - mean) * (pattern[y] - mean);

    for (r = 0; r <= rows - height; r++) {
        c = 0;
        while (c < wide) {
            sum = 0.0;
            squares = 0.0;
            product = 0.0;
            for (y = 0; y < height; y++)
                for (x = 0; x < width; x++) {
                    v = picture[(r + y) * cols + c + x];
                    p = pattern[y * width + x] - mean;
                    sum += v;
                    squares += v * v;
                    product += v * p;
                }
            v = (squares - sum * sum / area) * spread;
            score[r * wide + c] = v > 1e-9 ? product / std::sqrt(v) : 0.0;
            c++;
        }
    }
}
