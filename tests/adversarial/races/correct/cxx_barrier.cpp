// Threads of the language that meet at a std::barrier.
#include <barrier>
#include <cstdio>
#include <thread>
#include <vector>

int main() {
    std::vector<int> slot(4), out(4);
    std::barrier meeting(4);
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                slot[t] = t + 1;
                meeting.arrive_and_wait();
                out[t] = slot[(t + 1) % 4];
            });
        }
    }
    std::printf("%d %d\n", out[0], out[3]);
}
