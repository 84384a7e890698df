// Look-ups in a map that nobody changes.
#include <cstdio>
#include <map>
#include <string>

int main() {
    std::map<int, std::string> names;
    for (int i = 0; i < 50; ++i) names[i] = std::to_string(i);
    std::size_t length = 0;
#pragma omp parallel for reduction(+ : length)
    for (int i = 0; i < 200; ++i) length += names.at(i % 50).size();
    std::printf("%zu\n", length);
}
