#include "escape.hpp"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>

ESCAPE(read_home) { return holds_secret(contents(argument("outside") + "/home.txt")); }
ESCAPE(read_sibling) { return holds_secret(contents(argument("outside") + "/other/candidate.cpp")); }
ESCAPE(read_shadow) { return !contents("/etc/shadow").empty(); }
ESCAPE(read_accounts) { return !contents("/etc/passwd").empty(); }
ESCAPE(read_over_proc) {
    for (const auto& process : other_processes())
        if (holds_secret(contents("/proc/" + process + "/root" + argument("outside") + "/home.txt")))
            return true;
    return holds_secret(contents("/proc/self/cwd/../outside/home.txt"));
}
ESCAPE(list_home) { return !names_in("/root").empty() || !names_in("/home").empty(); }

ESCAPE(write_outside) {
    return open((argument("outside") + "/planted").c_str(), O_CREAT | O_WRONLY, 0644) >= 0;
}
ESCAPE(append_outside) {
    return open((argument("outside") + "/home.txt").c_str(), O_WRONLY | O_APPEND) >= 0;
}
ESCAPE(cut_outside) {
    const std::string path = argument("outside") + "/victim.txt";
    return truncate(path.c_str(), 0) == 0 || open(path.c_str(), O_RDONLY | O_TRUNC) >= 0;
}
ESCAPE(remove_outside) { return unlink((argument("outside") + "/victim.txt").c_str()) == 0; }
ESCAPE(rename_outside) {
    const std::string path = argument("outside") + "/other";
    return rename(path.c_str(), (path + ".moved").c_str()) == 0;
}
ESCAPE(change_mode_outside) {
    return chmod((argument("outside") + "/victim.txt").c_str(), 0666) == 0;
}
ESCAPE(change_times_outside) {
    return utimes((argument("outside") + "/victim.txt").c_str(), nullptr) == 0;
}
ESCAPE(write_system) {
    return open("/usr/planted", O_CREAT | O_WRONLY, 0644) >= 0 ||
           open("/etc/planted", O_CREAT | O_WRONLY, 0644) >= 0;
}
ESCAPE(write_own_folder) { return open("planted", O_CREAT | O_WRONLY, 0644) >= 0; }
ESCAPE(replace_own_program) {
    const std::string path = argument("program");
    return unlink(path.c_str()) == 0 || open(path.c_str(), O_WRONLY) >= 0;
}

// What would trick whoever reads or writes in the folder later.
ESCAPE(plant_link) { return symlink((argument("outside") + "/home.txt").c_str(), "kernel.hpp") == 0; }
ESCAPE(plant_hard_link) {
    return link((argument("outside") + "/home.txt").c_str(), "hard.txt") == 0;
}
ESCAPE(plant_fifo) { return mkfifo("pipe", 0600) == 0; }
ESCAPE(plant_device) { return mknod("device", S_IFBLK | 0600, 0x800) == 0; }
ESCAPE(plant_set_id) {
    const int fd = open("set-id", O_CREAT | O_WRONLY, 0755);
    return fchmod(fd, 04755) == 0 || chmod("set-id", 02755) == 0 ||
           open("set-id-2", O_CREAT | O_WRONLY, 04755) >= 0;
}
ESCAPE(run_set_id) {
    // A copy of this program that belongs to root and runs as its owner.
    const std::string path = argument("set_id_program");
    return std::system((path + " am_root | grep -q am_root").c_str()) == 0;
}
ESCAPE(am_root) { return geteuid() == 0; }

ESCAPE(read_devices) {
    for (const auto& name : names_in("/dev")) {
        struct stat found;
        const std::string path = "/dev/" + name;
        if (stat(path.c_str(), &found) == 0 && S_ISBLK(found.st_mode) &&
            open(path.c_str(), O_RDONLY) >= 0)
            return true;
    }
    return open("/dev/mem", O_RDONLY) >= 0 || open("/dev/kmsg", O_RDONLY) >= 0;
}
ESCAPE(write_settings) {
    return open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 ||
           open("/proc/sys/vm/drop_caches", O_WRONLY) >= 0 ||
           open("/proc/sysrq-trigger", O_WRONLY) >= 0 ||
           open("/sys/devices/system/cpu/cpu0/online", O_WRONLY) >= 0;
}

// Descriptors of the caller's that were not passed on.
ESCAPE(inherited_descriptors) {
    for (int fd = 3; fd < 256; ++fd) {
        std::string text(1 << 12, '\0');
        const ssize_t size = pread(fd, text.data(), text.size(), 0);
        if (size > 0 && holds_secret(text)) return true;
        if (const int folder = openat(fd, "home.txt", O_RDONLY); folder >= 0) return true;
    }
    return false;
}
