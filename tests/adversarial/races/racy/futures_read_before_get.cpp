// The result of std::async's function is read before the future is waited for.
#include <cstdio>
#include <future>

int main() {
    int result = 0;
    auto done = std::async(std::launch::async, [&] { result = 5; });
    const int early = result;
    done.get();
    std::printf("%d\n", early >= 0);
}
