// Work handed to std::async, its results taken from the futures.
#include <cstdio>
#include <future>
#include <vector>

int main() {
    std::vector<int> x(300, 2);
    std::vector<std::future<int>> parts;
    for (int part = 0; part < 3; ++part) {
        parts.push_back(std::async(std::launch::async, [&x, part] {
            int sum = 0;
            for (int i = 100 * part; i < 100 * (part + 1); ++i) sum += x[i];
            return sum;
        }));
    }
    int total = 0;
    for (auto& part : parts) total += part.get();
    std::printf("%d\n", total);
}
