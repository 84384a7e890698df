// A program of its own around a kernel: runs it on a file of inputs and says how long it took.
//
// Used by the folder with which anyone can time original and best again; the agent itself never
// trusts a clock inside the program that is timed (see harness.hpp).
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>

#include "harness.hpp"

namespace parallel_agent_harness {

inline std::vector<std::byte> read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw BadPayload(std::string("cannot read ") + path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::vector<std::byte> bytes(text.size());
    if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

/// Copies of the one call in `inputs`, each with arguments of its own.
template <class Call>
std::vector<Call> fresh_calls(const std::vector<std::byte>& inputs, std::size_t count) {
    std::vector<Call> calls(count);
    for (Call& call : calls) {
        Reader in(inputs.data(), inputs.size());
        call.decode(in);
        in.finish();
    }
    return calls;
}

template <class Call>
void write_outputs(const Call& call, const char* path) {
    std::vector<std::byte> room(4096);
    for (;;) try {
        Writer out(room.data(), room.size());
        call.encode(out);
        std::ofstream file(path, std::ios::binary);
        file.write(reinterpret_cast<const char*>(room.data()),
                   static_cast<std::streamsize>(out.length()));
        if (!file.flush()) throw BadPayload(std::string("cannot write ") + path);
        return;
    } catch (const OutputFull&) {
        room.resize(4 * room.size());
    }
}

/// Seconds of one call: the median over repetitions, each of `count` calls on fresh arguments,
/// after one that does not count. The outputs of the last call go to a file.
template <class Call>
double replay_file(const char* inputs, const char* outputs, std::size_t count, int repetitions) {
    using clock = std::chrono::steady_clock;
    const std::vector<std::byte> payload = read_file(inputs);
    std::vector<double> seconds;
    for (int repetition = 0; repetition <= repetitions; ++repetition) {
        std::vector<Call> calls = fresh_calls<Call>(payload, count);
        const auto started = clock::now();
        for (Call& call : calls) call.run();
        const std::chrono::duration<double> taken = clock::now() - started;
        if (repetition > 0) seconds.push_back(taken.count() / static_cast<double>(count));
        if (repetition == repetitions) write_outputs(calls.back(), outputs);
    }
    std::nth_element(seconds.begin(), seconds.begin() + repetitions / 2, seconds.end());
    return seconds[static_cast<std::size_t>(repetitions) / 2];
}

/// The body of main: INPUTS OUTPUTS CALLS REPETITIONS; prints the seconds of one call.
template <class Call>
int replay(int argc, char** argv) try {
    pin();
    const std::size_t count = argc == 5 ? std::strtoul(argv[3], nullptr, 10) : 0;
    const int repetitions = argc == 5 ? std::atoi(argv[4]) : 0;
    if (count == 0 || repetitions <= 0) {
        std::fprintf(stderr, "usage: %s INPUTS OUTPUTS CALLS REPETITIONS\n", argv[0]);
        return 2;
    }
    std::fprintf(stdout, "%.9e\n", replay_file<Call>(argv[1], argv[2], count, repetitions));
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}

}  // namespace parallel_agent_harness
