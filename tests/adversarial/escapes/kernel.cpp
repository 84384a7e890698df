#include "escape.hpp"
#include <ctime>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

ESCAPE(io_uring) {
    char parameters[256] = {};
    return syscall(425, 4, parameters) >= 0;
}
ESCAPE(bpf_map) {
    union bpf_attr attributes {};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = attributes.value_size = 4;
    attributes.max_entries = 1;
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
}
ESCAPE(perf_events) {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.exclude_kernel = attributes.exclude_hv = 1;
    return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) >= 0;
}
ESCAPE(user_faults) { return syscall(SYS_userfaultfd, 1 | O_CLOEXEC) >= 0; }
ESCAPE(keys) { return syscall(SYS_add_key, "user", "planted", "x", 1, -3) >= 0; }
ESCAPE(read_keys) { return syscall(SYS_keyctl, 0, -3, 1) >= 0; }
ESCAPE(mount_memory) { return mount("none", "/tmp", "tmpfs", 0, nullptr) == 0; }
ESCAPE(mount_modern) { return syscall(430, "tmpfs", 0) >= 0; }
ESCAPE(unmount) { return umount2("/proc", MNT_DETACH) == 0 || umount2("/usr", MNT_DETACH) == 0; }
ESCAPE(change_root) { return chroot(".") == 0; }
ESCAPE(pivot) { return syscall(SYS_pivot_root, ".", ".") == 0; }
// A child, for a process with threads may not.
ESCAPE(user_namespace) {
    const pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 1 : 0);
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 1;
}
ESCAPE(cloned_namespace) {
    const long child = syscall(SYS_clone, CLONE_NEWUSER | 17, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) _exit(0);
    return child > 0;
}
ESCAPE(cloned_namespace_modern) {
    unsigned long long arguments[11] = {CLONE_NEWUSER, 0, 0, 0, 17};
    const long child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0) _exit(0);
    return child > 0;
}
ESCAPE(join_namespace) {
    const int fd = open(("/proc/" + argument("parent") + "/ns/net").c_str(), O_RDONLY);
    return setns(fd, 0) == 0;
}
ESCAPE(load_module) {
    return syscall(SYS_init_module, nullptr, 0, "") == 0 ||
           syscall(SYS_finit_module, 0, "", 0) == 0 || syscall(SYS_delete_module, "x", 0) == 0;
}
ESCAPE(load_kernel) {
    return syscall(SYS_kexec_load, 0, 0, nullptr, 0) == 0 ||
           syscall(SYS_kexec_file_load, -1, -1, 0, "", 0) == 0;
}
ESCAPE(clock) {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return clock_settime(CLOCK_REALTIME, &now) == 0;
}
ESCAPE(host_name) { return sethostname("planted", 7) == 0; }
ESCAPE(kernel_log) { return syscall(SYS_syslog, 10, nullptr, 0) >= 0; }
ESCAPE(watch_files) { return syscall(SYS_fanotify_init, 0, 0) >= 0; }
// Types into a terminal as if the user had.
ESCAPE(type_in_terminal) {
    setsid();
    const int terminal = number("terminal");
    ioctl(terminal, TIOCSCTTY, 0);
    return ioctl(terminal, TIOCSTI, "x") == 0;
}
ESCAPE(by_handle) {
    alignas(8) char handle[16 + 128] = {};
    *reinterpret_cast<unsigned*>(handle) = 128;
    int mount_id;
    return syscall(SYS_name_to_handle_at, AT_FDCWD, "/usr", handle, &mount_id, 0) == 0;
}
ESCAPE(new_privileges) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0; }
ESCAPE(old_calls) {
#ifdef __x86_64__
    // The 32-bit entry to the kernel has numbers of its own: 20 is getpid.
    int result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    return result > 0;
#else
    return false;
#endif
}
ESCAPE(other_calls) {
#ifdef __x86_64__
    return syscall(0x40000000 | SYS_getpid) > 0;  // the x32 ABI
#else
    return false;
#endif
}
