// Threads append to one string.
#include <cstdio>
#include <string>

int main() {
    std::string text;
    text.reserve(4096);
#pragma omp parallel for
    for (int i = 0; i < 500; ++i) text += static_cast<char>('a' + i % 26);
    std::printf("%d\n", text.size() <= 500);
}
