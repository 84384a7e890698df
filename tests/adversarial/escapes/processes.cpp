#include "escape.hpp"
#include <csignal>
#include <cstdio>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

extern char** environ;

ESCAPE(own_environment) {
    for (char** entry = environ; *entry; ++entry)
        if (holds_secret(*entry)) return true;
    return false;
}
static bool in_any_process(const char* file) {
    for (const auto& process : other_processes()) {
        // Its own launcher and its own children hold the secret as the argument that it is.
        if (contents("/proc/" + process + "/cmdline").find("secret=") != std::string::npos) continue;
        if (holds_secret(contents("/proc/" + process + "/" + file))) return true;
    }
    return false;
}
ESCAPE(others_environment) { return in_any_process("environ"); }
ESCAPE(others_command_line) { return in_any_process("cmdline"); }
ESCAPE(others_memory) {
    for (const char* key : {"parent", "victim"})
        for (const int mode : {O_RDONLY, O_RDWR})
            if (open(("/proc/" + argument(key) + "/mem").c_str(), mode) >= 0) return true;
    return false;
}
ESCAPE(others_descriptors) {
    for (const auto& fd : names_in("/proc/" + argument("parent") + "/fd"))
        if (open(("/proc/" + argument("parent") + "/fd/" + fd).c_str(), O_RDONLY) >= 0) return true;
    return false;
}
ESCAPE(trace) {
    return ptrace(PTRACE_SEIZE, number("victim"), nullptr, nullptr) == 0 ||
           ptrace(PTRACE_SEIZE, number("parent"), nullptr, nullptr) == 0;
}
ESCAPE(trace_child) {
    const pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, WUNTRACED);
    const bool traced = ptrace(PTRACE_CONT, child, nullptr, nullptr) == 0;
    kill(child, SIGKILL);
    return traced;
}
ESCAPE(read_memory) {
    char byte;
    const iovec here{&byte, 1}, there{reinterpret_cast<void*>(0x400000), 1};
    const auto done = syscall(SYS_process_vm_readv, number("victim"), &here, 1, &there, 1, 0);
    return done >= 0 || errno == EFAULT;  // a wrong address means that it was looked for
}
ESCAPE(signal_others) {
    return kill(number("victim"), 0) == 0 || kill(number("parent"), 0) == 0;
}
ESCAPE(kill_everything) {
    signal(SIGTERM, SIG_IGN);
    kill(-1, SIGTERM);
    kill(-number("victim"), SIGKILL);
    return kill(number("victim"), SIGKILL) == 0;
}
ESCAPE(steal_descriptor) {
    const long fd = syscall(434, number("parent"), 0);
    return fd >= 0 && syscall(438, fd, 0, 0) >= 0;
}
ESCAPE(limits_of_others) {
    rlimit none{0, 0};
    return syscall(SYS_prlimit64, number("victim"), RLIMIT_FSIZE, &none, nullptr) == 0;
}
ESCAPE(cores_of_others) {
    cpu_set_t set;
    return sched_getaffinity(number("victim"), sizeof set, &set) == 0 &&
           sched_setaffinity(number("victim"), sizeof set, &set) == 0;
}
ESCAPE(priority) {
    sched_param highest{50};
    return setpriority(PRIO_PROCESS, 0, -5) == 0 || setpriority(PRIO_PROCESS, 0, 0) == 0 ||
           sched_setscheduler(0, SCHED_FIFO, &highest) == 0 ||
           syscall(SYS_ioprio_set, 1, 0, (1 << 13) | 0) == 0;
}

// As many processes as there may be, each of which ends at once when this one does.
ESCAPE(fork_storm) {
    int started = 0;
    for (; started < number("most"); ++started) {
        const pid_t child = fork();
        if (child < 0) break;
        if (child == 0) {
            pause();
            _exit(0);
        }
    }
    return started == number("most");
}
// A grandchild in a session of its own that outlives its parents.
static void settle() {
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (const int number : {SIGTERM, SIGHUP, SIGINT}) signal(number, SIG_IGN);
            // Longer than any test lasts; its name is in its arguments.
            execl(argument("program").c_str(), "escapes", "linger", argument("mark").c_str(), nullptr);
        }
        _exit(0);
    }
    wait(nullptr);
}
ESCAPE(linger) {
    sleep(600);
    return true;
}
ESCAPE(daemon_of_ended) {
    settle();
    usleep(100000);
    return false;
}
ESCAPE(daemon_of_running) {
    settle();
    std::puts("settled");
    std::fflush(stdout);
    sleep(600);
    return true;
}
ESCAPE(spin) {
    for (volatile bool on = true; on;) {
    }
    return true;
}
ESCAPE(print_endlessly) {
    for (;;) std::puts("and so on");
}
