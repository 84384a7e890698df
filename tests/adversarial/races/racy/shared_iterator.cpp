// All threads advance one iterator over a list.
#include <cstdio>
#include <list>

int main() {
    std::list<int> values(64, 1);
    auto at = values.begin();
#pragma omp parallel for
    for (int i = 0; i < 64; ++i) {
        if (at != values.end()) {
            *at += i;
            ++at;
        }
    }
    std::printf("%zu\n", values.size());
}
