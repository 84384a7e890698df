// Slots are handed out by an atomic capture.
#include <cstdio>
#include <vector>

int main() {
    std::vector<int> out(1000, -1);
    int next = 0;
#pragma omp parallel for
    for (int i = 0; i < 1000; ++i) {
        int mine;
#pragma omp atomic capture
        mine = next++;
        out[mine] = i;
    }
    std::printf("%d %d\n", next, out[0] >= 0);
}
