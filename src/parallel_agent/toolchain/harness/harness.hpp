// The C++ side of a worker: decodes calls, runs them on command, encodes what came out.
//
// The parent process draws the inputs, takes the time and compares the results; this side does
// only what needs C++ types. See runner.py for the other end of the pipes.
#ifndef PARALLEL_AGENT_HARNESS_HPP  // it may have been precompiled from another place
#define PARALLEL_AGENT_HARNESS_HPP

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cfenv>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace parallel_agent_harness {

/// Load the OpenMP runtime, which pins this thread to the first place, also for a kernel that never
/// asks for threads: a sequential original must run on the same core as a candidate's first thread.
inline void pin() {
#ifdef _OPENMP
    omp_get_max_threads();
#endif
}

/// Round up or down where the parent says so: how far the results of an original move then tells
/// how far rounding errors may take them.
inline void round_as_told() {
    const char* mode = std::getenv("PARALLEL_AGENT_ROUNDING");
    if (mode != nullptr) std::fesetround(std::strcmp(mode, "up") == 0 ? FE_UPWARD : FE_DOWNWARD);
}

/// What a kernel may change for itself but must leave as it found it, because it decides what its
/// caller computes next, and how.
struct Surroundings {
    std::array<long, 6> values{std::fegetround()};

    Surroundings() {
#ifdef __GLIBC__
        values[1] = fegetexcept();
#endif
#ifdef __SSE__
        values[2] = __builtin_ia32_stmxcsr() & 0x8040;  // denormal results and operands as zero
#endif
#ifdef _OPENMP
        values[3] = omp_get_max_threads();
        values[4] = omp_get_dynamic();
        values[5] = omp_get_max_active_levels();
#endif
    }
    bool operator!=(const Surroundings& other) const { return values != other.values; }
};

/// Have the kernel of the system count what every thread has used until now: the time of a process
/// is otherwise behind by up to a timer tick for each thread that runs on another core.
inline void count_all_threads() {
    DIR* const threads = opendir("/proc/self/task");
    if (threads == nullptr) return;
    while (const dirent* entry = readdir(threads)) {
        timespec now{};
        const int thread = std::atoi(entry->d_name);
        // Its own clock of processor time; before C++20 a negative number must not be shifted.
        const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | 6u);
        if (thread > 0) clock_gettime(clock, &now);
    }
    closedir(threads);
}

/// Nanoseconds of processor time that all threads but this one have used so far.
inline std::int64_t others_nanoseconds() {
    count_all_threads();
    const auto read = [](clockid_t clock) {
        timespec now{};
        clock_gettime(clock, &now);
        return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
    };
    const std::int64_t own = read(CLOCK_THREAD_CPUTIME_ID);
    return read(CLOCK_PROCESS_CPUTIME_ID) - own;
}

struct BadPayload : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct OutputFull : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// ---- The wire format: every item starts at a multiple of eight bytes ---------------------------

/// Reads items from a payload and never beyond its end.
class Reader {
public:
    Reader(const std::byte* data, std::size_t size) : data_(data), size_(size) {}

    const std::byte* take(std::size_t count, std::size_t element_size) {
        align();
        if (count > (size_ - position_) / element_size) throw BadPayload("an item is cut short");
        const std::byte* item = data_ + position_;
        position_ += count * element_size;
        return item;
    }
    void raw(void* to, std::size_t count, std::size_t element_size) {
        const std::byte* item = take(count, element_size);
        if (count != 0) std::memcpy(to, item, count * element_size);
    }
    /// A number of elements that follow, of at least `element_size` bytes each.
    std::size_t count(std::size_t element_size) {
        std::uint64_t value = 0;
        raw(&value, 1, sizeof value);
        if (value > (size_ - position_) / element_size) throw BadPayload("a count is too large");
        return value;
    }
    void finish() {
        align();
        if (position_ != size_) throw BadPayload("bytes are left over");
    }

private:
    void align() {
        position_ = (position_ + 7) / 8 * 8;
        if (position_ > size_) position_ = size_;
    }

    const std::byte* data_;
    std::size_t size_;
    std::size_t position_ = 0;
};

/// Writes items one after another and never beyond the room there is.
class Writer {
public:
    Writer(std::byte* data, std::size_t size) : data_(data), size_(size) {}

    std::byte* room(std::size_t bytes) {
        const std::size_t start = (length_ + 7) / 8 * 8;
        if (start > size_ || bytes > size_ - start) throw OutputFull("the output has no room");
        std::memset(data_ + length_, 0, start - length_);
        length_ = start + bytes;
        return data_ + start;
    }
    void raw(const void* from, std::size_t bytes) {
        std::byte* to = room(bytes);
        if (bytes != 0) std::memcpy(to, from, bytes);
    }
    void count(std::uint64_t value) { raw(&value, sizeof value); }
    std::size_t length() const { return length_; }

private:
    std::byte* data_;
    std::size_t size_;
    std::size_t length_ = 0;
};

/// True for types that travel as their memory image. std::pair is not trivially copyable in the
/// letter (its assignment is user-provided), but its image is all there is to it.
template <class T>
inline constexpr bool is_flat = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;
template <class A, class B>
inline constexpr bool is_flat<std::pair<A, B>> = is_flat<A> && is_flat<B>;
template <class T, std::size_t N>
inline constexpr bool is_flat<std::array<T, N>> = is_flat<T>;
template <class T>
inline constexpr bool is_flat<std::complex<T>> = true;

/// What a raw pointer points to: exactly as many elements as were sent, so that an access one
/// beyond them is seen.
template <class T>
struct Buffer {
    std::size_t count = 0;
    std::unique_ptr<T[]> elements;

    T* get() const { return elements.get(); }
};

template <class T>
struct Codec {
    static_assert(is_flat<T>, "parallel_agent: a parameter of this type cannot be handed over");
    static constexpr std::size_t least_size = sizeof(T);
    static void decode(Reader& in, T& value) { in.raw(std::addressof(value), 1, sizeof(T)); }
    static void encode(Writer& out, const T& value) { out.raw(std::addressof(value), sizeof(T)); }
};

template <>
struct Codec<std::string> {
    static constexpr std::size_t least_size = 8;
    static void decode(Reader& in, std::string& value) {
        value.resize(in.count(1));
        in.raw(value.data(), value.size(), 1);
    }
    static void encode(Writer& out, const std::string& value) {
        out.count(value.size());
        out.raw(value.data(), value.size());
    }
};

template <class T, class Allocator>
struct Codec<std::vector<T, Allocator>> {
    static constexpr std::size_t least_size = 8;
    static void decode(Reader& in, std::vector<T, Allocator>& value) {
        value.resize(in.count(Codec<T>::least_size));
        if constexpr (is_flat<T>) {
            in.raw(static_cast<void*>(value.data()), value.size(), sizeof(T));
        } else {
            for (T& element : value) Codec<T>::decode(in, element);
        }
    }
    static void encode(Writer& out, const std::vector<T, Allocator>& value) {
        out.count(value.size());
        if constexpr (is_flat<T>) {
            out.raw(value.data(), value.size() * sizeof(T));
        } else {
            for (const T& element : value) Codec<T>::encode(out, element);
        }
    }
};

template <class Allocator>
struct Codec<std::vector<bool, Allocator>> {
    static constexpr std::size_t least_size = 8;
    static void decode(Reader& in, std::vector<bool, Allocator>& value) {
        const std::size_t count = in.count(1);
        const std::byte* items = in.take(count, 1);
        value.resize(count);
        for (std::size_t i = 0; i < count; ++i) value[i] = items[i] != std::byte{0};
    }
    static void encode(Writer& out, const std::vector<bool, Allocator>& value) {
        out.count(value.size());
        std::byte* items = out.room(value.size());
        for (std::size_t i = 0; i < value.size(); ++i) items[i] = std::byte{value[i]};
    }
};

template <class T>
struct Codec<Buffer<T>> {
    static_assert(is_flat<T>, "parallel_agent: a pointer to this type cannot be handed over");
    static constexpr std::size_t least_size = 8;
    static void decode(Reader& in, Buffer<T>& value) {
        value.count = in.count(sizeof(T));
        value.elements.reset(::new T[value.count]);
        in.raw(static_cast<void*>(value.get()), value.count, sizeof(T));
    }
    static void encode(Writer& out, const Buffer<T>& value) {
        out.count(value.count);
        out.raw(value.get(), value.count * sizeof(T));
    }
};

template <class T>
void decode(Reader& in, T& value) {
    Codec<T>::decode(in, value);
}
template <class T>
void encode(Writer& out, const T& value) {
    Codec<T>::encode(out, value);
}

// ---- The protocol --------------------------------------------------------------------------

enum : std::uint64_t { prepare = 1, go = 2, collect = 3, quit = 4 };
enum : std::uint64_t { done = 0, threw = 1, bad_payload = 2, output_full = 3, disturbed = 4 };

/// `cookie` is drawn at random and comes back in the reply, so that nobody can reply in advance.
struct Command {
    std::uint64_t command, bytes, instances, cookie;
};
/// `others` is the processor time in ns that threads other than this one have used since the last
/// `go` was answered; 0 in the answer to a `go`.
struct Reply {
    std::uint64_t status, value, nanoseconds, others, cookie;
};

/// The first bytes of a file in memory, for as long as this object lives.
class Mapping {
public:
    Mapping(int file, std::size_t size, int protection) : size_(size) {
        struct stat about {};
        if (fstat(file, &about) != 0 || size > static_cast<std::size_t>(about.st_size))
            throw BadPayload("the shared memory is smaller than the payload");
        if (size == 0) return;
        void* address = mmap(nullptr, size, protection, MAP_SHARED, file, 0);
        if (address == MAP_FAILED) throw BadPayload("the shared memory cannot be mapped");
        data_ = static_cast<std::byte*>(address);
    }
    ~Mapping() {
        if (data_ != nullptr) munmap(data_, size_);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    std::byte* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_;
};

/// Obeys commands until it is told to quit or the parent is gone. `Call` holds the arguments and
/// the result of one call of the kernel.
template <class Call>
class Server {
public:
    Server(int input, int output, int commands, int replies)
        : input_(input), output_(output), commands_(commands), replies_(replies) {}

    /// Returns when told to quit, so that what runs at exit runs; without a parent, just ends.
    void serve() {
        Command command{};
        while (receive(command)) {
            if (command.command == quit) return;
            answer(command);
        }
        _exit(0);
    }

private:
    void answer(const Command& command) {
        Reply reply{done, 0, 0, 0, command.cookie};
        try {
            obey(command, reply);
        } catch (const BadPayload& error) {
            explain(reply, bad_payload, error.what());
        } catch (const OutputFull& error) {
            explain(reply, output_full, error.what());
        } catch (const std::exception& error) {
            explain(reply, threw, error.what());
        } catch (...) {
            explain(reply, threw, "an exception that is no std::exception");
        }
        if (command.command != go) reply.others = worked();
        if (write(replies_, &reply, sizeof reply) != sizeof reply) _exit(1);
        if (command.command == go) others_at_rest_ = others_nanoseconds();  // no part of the call
    }

    void obey(const Command& command, Reply& reply) {
        switch (command.command) {
            case prepare: return decode_calls(command);
            case go: return run_calls(reply);
            case collect: return encode_calls(reply);
            default: throw BadPayload("unknown command");
        }
    }

    void decode_calls(const Command& command) {
        ran_ = false;
        calls_.clear();
        const Mapping input(input_, command.bytes, PROT_READ);
        Reader in(input.data(), input.size());
        for (std::uint64_t i = 0; i < command.instances; ++i) calls_.emplace_back().decode(in);
        in.finish();
    }

    void run_calls(Reply& reply) {
        using clock = std::chrono::steady_clock;
        const Surroundings before;
        const auto started = clock::now();
        for (Call& call : calls_) call.run();
        const auto ended = clock::now();
        if (before != Surroundings())
            return explain(reply, disturbed,
                           "the kernel left the floating-point mode or OpenMP's settings changed");
        ran_ = true;
        reply.nanoseconds = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(ended - started).count());
    }

    void encode_calls(Reply& reply) {
        if (!ran_) throw BadPayload("nothing was run");
        std::fflush(nullptr);
        const Mapping output(output_, capacity(), PROT_READ | PROT_WRITE);
        Writer out(output.data(), output.size());
        for (const Call& call : calls_) call.encode(out);
        reply.value = out.length();
    }

    /// How long other threads have worked since the last call ended.
    std::uint64_t worked() const {
        return static_cast<std::uint64_t>(
            std::max<std::int64_t>(0, others_nanoseconds() - others_at_rest_));
    }

    void explain(Reply& reply, std::uint64_t status, const char* text) {
        const Mapping output(output_, capacity(), PROT_READ | PROT_WRITE);
        reply.status = status;
        reply.value = strnlen(text, output.size());
        std::memcpy(output.data(), text, reply.value);
    }

    std::size_t capacity() const {
        struct stat about {};
        return fstat(output_, &about) == 0 ? static_cast<std::size_t>(about.st_size) : 0;
    }

    bool receive(Command& command) {
        ssize_t size;
        do size = read(commands_, &command, sizeof command);
        while (size < 0 && errno == EINTR);
        return size == sizeof command;
    }

    int input_, output_, commands_, replies_;
    std::vector<Call> calls_;
    std::int64_t others_at_rest_ = others_nanoseconds();
    bool ran_ = false;
};

/// The body of main: argv names the four file descriptors.
template <class Call>
int serve(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("this program is a worker of parallel-agent and is started by it\n", stderr);
        return 2;
    }
    pin();
    round_as_told();
    const auto fd = [argv](int i) { return std::atoi(argv[i]); };
    Server<Call>(fd(1), fd(2), fd(3), fd(4)).serve();
    return 0;
}

}  // namespace parallel_agent_harness

#endif
