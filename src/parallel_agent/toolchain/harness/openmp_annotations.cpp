// Linked into programs that are watched for data races. It tells ThreadSanitizer what Archer does
// not tell it of LLVM's OpenMP runtime, and has the threads take turns where one of them alone
// might do all the work: a race between pieces of work that the same thread ran is not seen.
//
// The linker sends the program's calls of a runtime function f here (--wrap=f).
#include <cstddef>
#include <cstdint>
#include <unistd.h>

// The interface of the sanitizer's runtime. The two functions with java in their names are for
// allocators that it cannot see by itself, as the runtime's own one for tasks is.
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
extern "C" void __tsan_java_init(std::uintptr_t begin, std::uintptr_t size);
extern "C" void __tsan_java_alloc(std::uintptr_t address, std::uintptr_t size);
extern "C" void __tsan_java_free(std::uintptr_t address, std::uintptr_t size);

namespace {

// ---- Turns: pauses that grow rare, so that they cost milliseconds however long a program runs ----

constexpr unsigned always = 64;
constexpr unsigned microseconds = 50;

void let_others_take_work() {
    static unsigned calls = 0;
    const unsigned call = __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    if (call < always || (call & (call - 1)) == 0) usleep(microseconds);
}

// ---- What is known of an address, for as long as the program runs --------------------------------

template <typename Known>
class ByAddress {
public:
    // Where something is or can be known of an address; null where there is nothing, or no room.
    Known* find(const void* address, bool make = false) {
        const auto start = reinterpret_cast<std::uintptr_t>(address) / 8;
        for (std::size_t step = 0; step < places; ++step) {
            Place* place = &all_[(start + step) % places];
            const void* there = __atomic_load_n(&place->address, __ATOMIC_ACQUIRE);
            if (there == nullptr && !make) return nullptr;
            if (there == address) return &place->known;
            if (there == nullptr &&
                (__atomic_compare_exchange_n(&place->address, &there, address, false,
                                             __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
                 there == address)) {
                return &place->known;
            }
        }
        return nullptr;
    }

private:
    struct Place {
        const void* address;
        Known known;
    };
    static constexpr std::size_t places = 4096;
    Place all_[places];
};

template <typename T>
void set(T& variable, T value) {
    __atomic_store_n(&variable, value, __ATOMIC_RELAXED);
}

template <typename T>
T get(const T& variable) {
    return __atomic_load_n(&variable, __ATOMIC_RELAXED);
}

// ---- Tasks: the memory of one that has ended is used again for another ---------------------------

struct Task {  // the beginning of kmp_task_t of the runtime
    void* shareds;
    void* entry;
};

using Duplicate = void (*)(Task* copy, Task* pattern, int last);

struct Construct {  // what all tasks with the same entry have in common
    std::size_t size;
    std::size_t size_of_shareds;
    Duplicate duplicate;
};

constexpr std::size_t granule = 8;  // of the sanitizer's shadow memory, in bytes
ByAddress<Construct> constructs;

void is_new(void* memory, std::size_t size) {
    static const bool ready = (__tsan_java_init(granule, granule), true);
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t bytes = (size + granule - 1) / granule * granule;
    if (!ready || bytes == 0) return;
    __tsan_java_free(begin, bytes);
    __tsan_java_alloc(begin, bytes);
}

void is_new_task(Task* task, std::size_t size, std::size_t size_of_shareds) {
    is_new(task, size);
    if (size_of_shareds > 0) is_new(task->shareds, size_of_shareds);
}

// The runtime makes the tasks of a taskloop by itself, as copies of a pattern.
void duplicate_and_tell(Task* copy, Task* pattern, int last) {
    const Construct* construct = constructs.find(pattern->entry);
    is_new_task(copy, get(construct->size), get(construct->size_of_shareds));
    if (const Duplicate duplicate = get(construct->duplicate)) duplicate(copy, pattern, last);
}

// What the runtime is to copy with: it tells of the copy, unless nothing is known of the pattern.
Duplicate telling(const Task* pattern, Duplicate given) {
    Construct* construct = constructs.find(pattern->entry);
    if (construct == nullptr) return given;
    set(construct->duplicate, given);
    return duplicate_and_tell;
}

// ---- Task reductions: whoever comes first prepares the copies of all threads ----------------------

using Initializer = void (*)(void* copy, void* original);

struct Reduction {  // kmp_taskred_input_t of the runtime
    void* shared;
    void* original;
    std::size_t size;
    Initializer initialize;
    void* finish;
    void* combine;
    std::uint32_t flags;
};

constexpr int most_reductions = 16;  // of one construct; of more than these nothing is told
ByAddress<Initializer> initializers;

void initialize_and_tell(void* copy, void* original) {
    get(*initializers.find(original))(copy, original);
    __tsan_release(copy);
}

// The reductions with initializers that tell what they did, or as they are where that cannot be.
const Reduction* telling(const Reduction* given, int count, Reduction* changed) {
    if (count > most_reductions) return given;
    for (int i = 0; i < count; ++i) {
        changed[i] = given[i];
        if (given[i].initialize == nullptr) continue;
        const void* original = given[i].original ? given[i].original : given[i].shared;
        Initializer* initializer = initializers.find(original, true);
        if (initializer == nullptr) return given;
        set(*initializer, given[i].initialize);
        changed[i].initialize = initialize_and_tell;
    }
    return changed;
}

// ---- Doacross loops: an iteration that was posted comes before one that waited for it ------------

constexpr int deepest = 16;
thread_local int dimensions_of[deepest];  // of the loops that this thread is in, the innermost last
thread_local int depth = 0;
char posted[1 << 20];

// One address for each iteration vector, by the hash of D. J. Bernstein.
void* posting(const std::int64_t* iteration) {
    std::uint64_t hash = 5381;
    const int dimensions = depth > 0 && depth <= deepest ? dimensions_of[depth - 1] : 1;
    for (int d = 0; d < dimensions; ++d) hash = hash * 33 + static_cast<std::uint64_t>(iteration[d]);
    return &posted[hash % sizeof posted];
}

}  // namespace

extern "C" {

Task* __real___kmpc_omp_task_alloc(void*, int, int, std::size_t, std::size_t, void*);
Task* __wrap___kmpc_omp_task_alloc(void* place, int thread, int flags, std::size_t size,
                                   std::size_t size_of_shareds, void* entry) {
    Task* task = __real___kmpc_omp_task_alloc(place, thread, flags, size, size_of_shareds, entry);
    is_new_task(task, size, size_of_shareds);
    if (Construct* construct = constructs.find(entry, true)) {
        set(construct->size, size);
        set(construct->size_of_shareds, size_of_shareds);
    }
    return task;
}

int __real___kmpc_omp_task(void*, int, Task*);
int __wrap___kmpc_omp_task(void* place, int thread, Task* task) {
    const int result = __real___kmpc_omp_task(place, thread, task);
    let_others_take_work();
    return result;
}

int __real___kmpc_omp_task_with_deps(void*, int, Task*, int, void*, int, void*);
int __wrap___kmpc_omp_task_with_deps(void* place, int thread, Task* task, int count, void* list,
                                     int count_noalias, void* list_noalias) {
    const int result = __real___kmpc_omp_task_with_deps(place, thread, task, count, list,
                                                        count_noalias, list_noalias);
    let_others_take_work();
    return result;
}

void __real___kmpc_taskloop(void*, int, Task*, int, std::uint64_t*, std::uint64_t*, std::int64_t, int,
                            int, std::uint64_t, Duplicate);
void __wrap___kmpc_taskloop(void* place, int thread, Task* task, int condition, std::uint64_t* lower,
                            std::uint64_t* upper, std::int64_t step, int nogroup, int schedule,
                            std::uint64_t grainsize, Duplicate duplicate) {
    __real___kmpc_taskloop(place, thread, task, condition, lower, upper, step, nogroup, schedule,
                           grainsize, telling(task, duplicate));
}

void __real___kmpc_taskloop_5(void*, int, Task*, int, std::uint64_t*, std::uint64_t*, std::int64_t,
                              int, int, std::uint64_t, int, Duplicate);
void __wrap___kmpc_taskloop_5(void* place, int thread, Task* task, int condition,
                              std::uint64_t* lower, std::uint64_t* upper, std::int64_t step,
                              int nogroup, int schedule, std::uint64_t grainsize, int modifier,
                              Duplicate duplicate) {
    __real___kmpc_taskloop_5(place, thread, task, condition, lower, upper, step, nogroup, schedule,
                             grainsize, modifier, telling(task, duplicate));
}

void* __real___kmpc_taskred_init(int, int, const Reduction*);
void* __wrap___kmpc_taskred_init(int thread, int count, const Reduction* given) {
    Reduction changed[most_reductions];
    return __real___kmpc_taskred_init(thread, count, telling(given, count, changed));
}

void* __real___kmpc_taskred_modifier_init(void*, int, int, int, const Reduction*);
void* __wrap___kmpc_taskred_modifier_init(void* place, int thread, int worksharing, int count,
                                          const Reduction* given) {
    Reduction changed[most_reductions];
    return __real___kmpc_taskred_modifier_init(place, thread, worksharing, count,
                                               telling(given, count, changed));
}

void* __real___kmpc_task_reduction_get_th_data(int, void*, void*);
void* __wrap___kmpc_task_reduction_get_th_data(int thread, void* group, void* item) {
    void* copy = __real___kmpc_task_reduction_get_th_data(thread, group, item);
    __tsan_acquire(copy);
    return copy;
}

#define NEXT_CHUNK(name, type, step)                                                              \
    int __real_##name(void*, int, int*, type*, type*, step*);                                     \
    int __wrap_##name(void* place, int thread, int* last, type* lower, type* upper, step* by) {   \
        let_others_take_work();                                                                   \
        return __real_##name(place, thread, last, lower, upper, by);                              \
    }
NEXT_CHUNK(__kmpc_dispatch_next_4, std::int32_t, std::int32_t)
NEXT_CHUNK(__kmpc_dispatch_next_4u, std::uint32_t, std::int32_t)
NEXT_CHUNK(__kmpc_dispatch_next_8, std::int64_t, std::int64_t)
NEXT_CHUNK(__kmpc_dispatch_next_8u, std::uint64_t, std::int64_t)

void __real___kmpc_doacross_init(void*, int, int, void*);
void __wrap___kmpc_doacross_init(void* place, int thread, int dimensions, void* bounds) {
    if (depth < deepest) dimensions_of[depth] = dimensions;
    ++depth;
    __real___kmpc_doacross_init(place, thread, dimensions, bounds);
}

void __real___kmpc_doacross_fini(void*, int);
void __wrap___kmpc_doacross_fini(void* place, int thread) {
    __real___kmpc_doacross_fini(place, thread);
    --depth;
}

void __real___kmpc_doacross_post(void*, int, const std::int64_t*);
void __wrap___kmpc_doacross_post(void* place, int thread, const std::int64_t* iteration) {
    __tsan_release(posting(iteration));
    __real___kmpc_doacross_post(place, thread, iteration);
}

void __real___kmpc_doacross_wait(void*, int, const std::int64_t*);
void __wrap___kmpc_doacross_wait(void* place, int thread, const std::int64_t* iteration) {
    __real___kmpc_doacross_wait(place, thread, iteration);
    __tsan_acquire(posting(iteration));
}
}
