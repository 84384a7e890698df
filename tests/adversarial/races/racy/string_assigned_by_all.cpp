// Threads assign to one string, inside a function of the standard library's binary.
#include <cstdio>
#include <string>

int main() {
    const std::string one(40, 'a'), other(40, 'b');
    std::string last(40, 'x');
#pragma omp parallel for
    for (int i = 0; i < 200; ++i) last.assign(i % 2 == 0 ? one : other);
    std::printf("%zu\n", last.size());
}
