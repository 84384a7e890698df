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

// ---- Tasks: the memory of one that has ended is used again for another ---------------------------

struct Task {
    void* shareds;
};

constexpr std::uintptr_t granule = 8;  // of the sanitizer's shadow memory, in bytes

void is_new(void* memory, std::size_t size) {
    static const bool ready = (__tsan_java_init(granule, granule), true);
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t bytes = (size + granule - 1) / granule * granule;
    if (!ready || bytes == 0) return;
    __tsan_java_free(begin, bytes);
    __tsan_java_alloc(begin, bytes);
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

struct Known {
    void* original;
    Initializer initialize;
};

constexpr int most_reductions = 16;  // of one construct; of more than these nothing is told
constexpr std::size_t most_known = 4096;
Known known[most_known];

Known* place_of(void* original, bool make) {
    const auto start = reinterpret_cast<std::uintptr_t>(original) / granule;
    for (std::size_t step = 0; step < most_known; ++step) {
        Known* place = &known[(start + step) % most_known];
        void* there = __atomic_load_n(&place->original, __ATOMIC_ACQUIRE);
        if (there == nullptr && !make) return nullptr;
        if (there == nullptr &&
            __atomic_compare_exchange_n(&place->original, &there, original, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return place;
        }
        if (there == original) return place;
    }
    return nullptr;
}

void initialize_and_tell(void* copy, void* original) {
    const Known* place = place_of(original, false);
    __atomic_load_n(&place->initialize, __ATOMIC_RELAXED)(copy, original);
    __tsan_release(copy);
}

// The reductions with initializers that tell what they did, or as they are where that cannot be.
const Reduction* telling(const Reduction* given, int count, Reduction* changed) {
    if (count > most_reductions) return given;
    for (int i = 0; i < count; ++i) {
        changed[i] = given[i];
        if (given[i].initialize == nullptr) continue;
        Known* place = place_of(given[i].original ? given[i].original : given[i].shared, true);
        if (place == nullptr) return given;
        __atomic_store_n(&place->initialize, given[i].initialize, __ATOMIC_RELAXED);
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
    is_new(task, size);
    if (size_of_shareds > 0) is_new(task->shareds, size_of_shareds);
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
