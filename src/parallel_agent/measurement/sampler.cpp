// Preloaded into a program, samples what it does: the stack of whoever runs, every millisecond of
// processor time. At its end the program's memory map and the stacks, an address a frame, are written
// to the folder $PARALLEL_AGENT_SAMPLES, in a file of the process's own.
#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int most_frames = 48;
constexpr std::size_t most_samples = 200000;
constexpr long microseconds = 1000;

struct Sample {
    int frames;
    void* address[most_frames];
};

Sample* samples = nullptr;
std::atomic<std::size_t> taken{0};
char folder[4096];

void on_tick(int, siginfo_t*, void*) {
    const std::size_t place = taken.fetch_add(1, std::memory_order_relaxed);
    if (place < most_samples) {
        samples[place].frames = backtrace(samples[place].address, most_frames);
    }
}

void run_timer(long period) {
    const itimerval timer{{0, period}, {0, period}};
    setitimer(ITIMER_PROF, &timer, nullptr);
}

__attribute__((constructor)) void begin() {
    const char* given = std::getenv("PARALLEL_AGENT_SAMPLES");
    if (given == nullptr || std::strlen(given) >= sizeof folder) return;
    std::strcpy(folder, given);
    void* memory = mmap(nullptr, most_samples * sizeof(Sample), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return;
    samples = static_cast<Sample*>(memory);
    void* first[4];
    backtrace(first, 4);  // what it loads when it is first called cannot be loaded in a handler
    struct sigaction action {};
    action.sa_sigaction = on_tick;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigaction(SIGPROF, &action, nullptr);
    run_timer(microseconds);
}

__attribute__((destructor)) void end() {
    if (samples == nullptr) return;
    run_timer(0);
    char name[4200];
    std::snprintf(name, sizeof name, "%s/%d", folder, static_cast<int>(getpid()));
    std::FILE* written = std::fopen(name, "w");
    if (written == nullptr) return;
    if (std::FILE* maps = std::fopen("/proc/self/maps", "r")) {
        char line[8192];
        while (std::fgets(line, sizeof line, maps)) std::fputs(line, written);
        std::fclose(maps);
    }
    std::fputs("--\n", written);
    const std::size_t count = taken.load();
    for (std::size_t at = 0; at < count && at < most_samples; ++at) {
        for (int frame = 0; frame < samples[at].frames; ++frame) {
            std::fprintf(written, "%p ", samples[at].address[frame]);
        }
        std::fputc('\n', written);
    }
    std::fclose(written);
}

}  // namespace
