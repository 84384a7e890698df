// A progress counter that is written and read atomically.
#include <cstdio>

int main() {
    int done = 0, most = 0;
#pragma omp parallel for reduction(max : most)
    for (int i = 0; i < 500; ++i) {
        int now;
#pragma omp atomic
        ++done;
#pragma omp atomic read
        now = done;
        if (now > most) most = now;
    }
    std::printf("%d\n", most);
}
