// Attempts to take more than was granted; "most" bytes bound the damage where a defence is off.
#include "escape.hpp"
#include <cstdio>
#include <sys/mman.h>
#include <sys/shm.h>

static constexpr std::size_t block = 1 << 20;

static long most_bytes() { return std::atol(argument("most").c_str()); }

// Writes to a file until it is refused; the bytes written.
static long filled(int fd, long most) {
    static const std::vector<char> data(block, 'x');
    long written = 0;
    while (fd >= 0 && written < most) {
        const ssize_t size = write(fd, data.data(), data.size());
        if (size <= 0) break;
        written += size;
    }
    return written;
}
static bool fills(const std::string& path) {
    const int fd = open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC, 0600);
    const long written = filled(fd, most_bytes());
    unlink(path.c_str());
    return written >= most_bytes();
}

ESCAPE(heap) {
    for (long taken = 0; taken < most_bytes(); taken += block) {
        void* memory = std::malloc(block);
        if (!memory) return false;
        std::memset(memory, 1, block);
    }
    return true;
}
// Split over children, none of which takes much.
ESCAPE(heap_of_children) {
    for (int child = 0; child < 8; ++child)
        if (fork() == 0) {
            for (long taken = 0; taken < most_bytes() / 8; taken += block)
                std::memset(std::malloc(block), 1, block);
            sleep(600);
        }
    sleep(600);
    return true;
}
ESCAPE(shared_memory_file) { return fills("/dev/shm/x"); }
ESCAPE(temporary_memory) { return fills("/tmp/x"); }
ESCAPE(root_memory) { return fills("/x") || fills("/dev/x"); }
ESCAPE(nameless_memory) {
    return filled(static_cast<int>(syscall(SYS_memfd_create, "x", 0)), most_bytes()) >= most_bytes();
}
ESCAPE(system_v_memory) {
    const int id = shmget(IPC_PRIVATE, block, IPC_CREAT | 0600);
    if (id >= 0) shmctl(id, IPC_RMID, nullptr);
    return id >= 0;
}
ESCAPE(one_file) { return fills("big"); }
ESCAPE(many_files) {
    for (long written = 0; written < most_bytes(); written += block) {
        const std::string path = "file" + std::to_string(written);
        const int fd = open(path.c_str(), O_CREAT | O_WRONLY, 0600);
        if (filled(fd, block) <= 0) return false;
        close(fd);
    }
    sleep(600);
    return true;
}
ESCAPE(many_entries) {
    for (int i = 0; i < number("entries"); ++i) {
        const int fd = open(("entry" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600);
        if (fd < 0) return false;
        close(fd);
    }
    sleep(600);
    return true;
}
// The room of a deleted file is taken as long as it is open, or mapped.
ESCAPE(deleted_files) {
    for (long written = 0; written < most_bytes(); written += 8 * block) {
        const int fd = open("gone", O_CREAT | O_WRONLY, 0600);
        unlink("gone");
        if (filled(fd, 8 * block) <= 0) return false;
    }
    sleep(600);
    return true;
}
ESCAPE(deleted_mapped_files) {
    for (long written = 0; written < most_bytes(); written += 8 * block) {
        const int fd = open("gone", O_CREAT | O_RDWR, 0600);
        if (filled(fd, 8 * block) <= 0) return false;
        if (mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED) return false;
        unlink("gone");
        close(fd);
    }
    sleep(600);
    return true;
}
ESCAPE(hide) { return syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 0) == 0; }
