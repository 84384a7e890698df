// The first check of a double-checked initialization reads the pointer without synchronization.
#include <cstdio>

static int* table = nullptr;

static int lookup(int i) {
    if (table == nullptr) {
#pragma omp critical
        if (table == nullptr) {
            int* fresh = new int[16];
            for (int k = 0; k < 16; ++k) fresh[k] = k;
            table = fresh;
        }
    }
    return table[i % 16];
}

int main() {
    int sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 200; ++i) sum += lookup(i);
    std::printf("%d\n", sum > 0);
    delete[] table;
}
