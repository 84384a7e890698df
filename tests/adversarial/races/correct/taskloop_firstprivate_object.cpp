// The tasks of a taskloop have copies of an object with a constructor.
#include <cstdio>
#include <string>
#include <vector>

int main() {
    const std::string text = "a text that is too long for the small string's own buffer";
    std::string copied = text;
    std::vector<int> out(200);
#pragma omp parallel
#pragma omp single
#pragma omp taskloop firstprivate(copied) shared(out) grainsize(3)
    for (int i = 0; i < 200; ++i) {
        copied[i % 10] = 'x';
        out[i] = copied[i % 10];
    }
    std::printf("%c %c\n", static_cast<char>(out[199]), copied[0]);
}
