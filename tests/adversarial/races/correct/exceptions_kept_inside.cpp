// Exceptions that are thrown and caught within an iteration.
#include <cstdio>
#include <stdexcept>
#include <string>

int main() {
    int caught = 0;
#pragma omp parallel for reduction(+ : caught)
    for (int i = 0; i < 100; ++i) {
        try {
            if (i % 3 == 0) throw std::runtime_error(std::to_string(i));
        } catch (const std::exception& error) {
            caught += error.what()[0] != '\0';
        }
    }
    std::printf("%d\n", caught);
}
