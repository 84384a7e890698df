// How heat spreads in the wall of a pipe, unrolled to a grid: `around` cells around it, where the last
// is a neighbour of the first, times `along` cells along it, whose ends keep their temperature.
// heat is around x along, row-major; conductivity is that of a cell's side for one step of time.

#include <cstddef>
#include <vector>

void pipeWall(std::vector<float>& heat, int around, int along, int steps, float conductivity) {
    std::vector<float> next(heat.size());
    for (int step = 0; step < steps; ++step) {
        for (int i = 0; i < around; ++i) {
            const int left = (i + around - 1) % around;
            const int right = (i + 1) % around;
            for (int j = 1; j < along - 1; ++j) {
                const float here = heat[i * along + j];
                next[i * along + j] =
                    here + conductivity * (heat[left * along + j] + heat[right * along + j] +
                                           heat[i * along + j - 1] + heat[i * along + j + 1] -
                                           4.0f * here);
            }
        }
        for (int i = 0; i < around; ++i) {
            for (int j = 1; j < along - 1; ++j) {
                heat[i * along + j] = next[i * along + j];
            }
        }
    }
}
