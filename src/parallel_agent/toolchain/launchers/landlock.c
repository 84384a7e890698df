/* Runs a program that sees a few paths only, makes harmless system calls only, and leaves nothing.
 *
 *   launcher -p PID -f FD -u ID [-t N] -c SECONDS -s BYTES -o N -k BYTES -n N
 *            [-r PATH]... [-w PATH]... [-d DEVICE]... -- PROGRAM [ARGUMENT]...
 *
 * -p the process that starts it, -f where the system call filter is read from, -u user and group of
 * the program, -t threads that the user has running already, then the limits: processor time, size
 * of a file, open files, size of a core dump, processes. Below -r paths the program may read and
 * execute, below -w paths also write; -d devices it may read and write.
 *
 * Three processes: the outer one ends as the program does and dies with its caller; the keeper, the
 * first of the namespace where there is one, kills all that is left when the outer one is gone; the
 * program. What cannot be established ends the launcher with status 125 before the program starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/landlock.h, which old systems lack */
#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_ADD_RULE 445
#define LANDLOCK_RESTRICT_SELF 446
#define EXECUTE (1ULL << 0)
#define WRITE_FILE (1ULL << 1)
#define READ_FILE (1ULL << 2)
#define READ_DIR (1ULL << 3)
#define REMOVE_DIR (1ULL << 4)
#define REMOVE_FILE (1ULL << 5)
#define MAKE_DIR (1ULL << 7)
#define MAKE_REG (1ULL << 8)
#define TRUNCATE (1ULL << 14)
#define IOCTL_DEV (1ULL << 15)
#define READING (EXECUTE | READ_FILE | READ_DIR)
#define WRITING (READING | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE)
#define DEVICE (READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV)
#define OF_FILES (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)

enum { FAILED = 125, MAX_PATHS = 256, MAX_FILTER = 4096 };

struct ruleset { uint64_t files, network, scoped; };
struct beneath { uint64_t allowed; int32_t parent; } __attribute__((packed));
struct path { char kind; const char *name; };

static struct path paths[MAX_PATHS];
static int path_count;
static long options[128];
static struct sock_filter filter[MAX_FILTER];
static struct sock_fprog program = {0, filter};

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("sandbox: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, errno ? ": %s\n" : "\n", strerror(errno));
    _exit(FAILED);
}

static void parse(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "+p:f:u:t:c:s:o:k:n:r:w:d:")) != -1) {
        if (option == '?') die("unknown option");
        if (option == 'r' || option == 'w' || option == 'd') {
            if (path_count == MAX_PATHS) die("too many paths");
            paths[path_count++] = (struct path){(char)option, optarg};
        } else {
            options[option] = atol(optarg);
        }
    }
    if (optind >= argc) die("no program");
}

static void read_filter(void) {
    ssize_t size = pread((int)options['f'], filter, sizeof filter, 0);
    if (size <= 0 || size % (ssize_t)sizeof *filter) die("no filter");
    program.len = (unsigned short)((size_t)size / sizeof *filter);
    close((int)options['f']);
}

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) die("%s", path);
    close(fd);
}

/* Namespaces as far as they are granted; whether there is one of processes. */
static int separate(void) {
    const int wanted = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    const uid_t user = geteuid();
    const gid_t group = getegid();
    char map[64];
    if (user == 0) return unshare(wanted) == 0;
    if (unshare(CLONE_NEWUSER | wanted) != 0) return 0;
    put("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%ld %u 1", options['u'], user);
    put("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%ld %u 1", options['u'], group);
    put("/proc/self/gid_map", map);
    return 1;
}

static void limit(int resource, long value) {
    struct rlimit both = {(rlim_t)value, (rlim_t)value};
    if (setrlimit(resource, &both) != 0) die("a limit cannot be set");
}

static void set_limits(int separated) {
    limit(RLIMIT_CPU, options['c']);
    limit(RLIMIT_FSIZE, options['s']);
    limit(RLIMIT_NOFILE, options['o']);
    limit(RLIMIT_CORE, options['k']);
    /* A user namespace counts by itself; without, all that the user runs counts. */
    limit(RLIMIT_NPROC, options['n'] + (separated ? 0 : options['t']));
}

/* What root keeps: the new user could not search the way to its own folder otherwise. Landlock says
 * what can be reached at all, as it does for a plain user, whose files are all his own. */
static int searching_capability(void) {
    return prctl(PR_CAPBSET_READ, CAP_DAC_READ_SEARCH) == 1 ? CAP_DAC_READ_SEARCH
                                                            : CAP_DAC_OVERRIDE;
}

static void drop_privileges(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct kept[2] = {{0, 0, 0}, {0, 0, 0}};
    const uid_t id = (uid_t)options['u'];
    const int root = geteuid() == 0, search = root ? searching_capability() : -1;
    for (int capability = 0; capability < 64; ++capability)
        if (capability != search)
            prctl(PR_CAPBSET_DROP, capability); /* beyond the last, or without the right: no harm */
    if (root) {
        /* Otherwise access(2) would not count it for a user who is not root. */
        if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) || setgroups(0, NULL) || setresgid(id, id, id) ||
            setresuid(id, id, id))
            die("the user cannot be changed");
        kept[0] = (struct __user_cap_data_struct){1U << search, 1U << search, 1U << search};
    }
    if (syscall(SYS_capset, &header, kept) != 0) die("capabilities cannot be dropped");
    if (root && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, search, 0, 0) != 0)
        die("folders could not be searched");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("new privileges cannot be ruled out");
    if (geteuid() == 0) die("still root");
}

static void allow(int ruleset, uint64_t handled, const struct path *path) {
    struct stat found;
    struct beneath rule = {path->kind == 'w'   ? WRITING
                           : path->kind == 'd' ? DEVICE
                                               : READING,
                           open(path->name, O_PATH)};
    if (rule.parent < 0 || fstat(rule.parent, &found) != 0) die("%s", path->name);
    if (!S_ISDIR(found.st_mode)) rule.allowed &= OF_FILES;
    rule.allowed &= handled;
    if (syscall(LANDLOCK_ADD_RULE, ruleset, 1, &rule, 0) != 0) die("%s", path->name);
    /* The rule for a process's own entry in /proc lasts as long as the entry is open. */
    if (strcmp(path->name, "/proc/self") != 0) close(rule.parent);
}

static void confine_paths(void) {
    static const int last_right[] = {0, 12, 13, 14, 14, 15};
    const long version = syscall(LANDLOCK_CREATE_RULESET, NULL, 0, 1);
    if (version < 1) die("the kernel offers no Landlock");
    const uint64_t handled = (2ULL << last_right[version < 5 ? version : 5]) - 1;
    /* Connections and signals are refused by the filter as well, on all versions. */
    const struct ruleset attributes = {handled, version >= 4 ? 3 : 0, version >= 6 ? 3 : 0};
    const size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    const int ruleset = (int)syscall(LANDLOCK_CREATE_RULESET, &attributes, size, 0);
    if (ruleset < 0) die("Landlock");
    for (int i = 0; i < path_count; ++i) allow(ruleset, handled, &paths[i]);
    if (syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0) die("Landlock");
    close(ruleset);
}

/* Without a namespace of processes: no signal but to itself. */
static void confine_signals(void) {
    const unsigned self = (unsigned)getpid();
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define REFUSE(call) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
    struct sock_filter rules[] = {
        LOAD(offsetof(struct seccomp_data, nr)),
        REFUSE(SYS_tkill),
        REFUSE(SYS_pidfd_send_signal),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigqueueinfo, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_tgsigqueueinfo, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        LOAD(offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog only_self = {sizeof rules / sizeof *rules, rules};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &only_self) != 0) die("the filter of signals");
}

static void become(char **argv, int separated) {
    set_limits(separated);
    drop_privileges();
    confine_paths();
    if (!separated) confine_signals();
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) die("the system call filter");
    execvp(argv[0], argv);
    die("%s", argv[0]);
}

static void close_all_above(int last) {
    if (syscall(SYS_close_range, last + 1, ~0U, 0) == 0) return;
    for (int fd = last + 1; fd < 65536; ++fd) close(fd);
}

static int ended(pid_t process) {
    int status;
    for (;;) {
        const pid_t found = waitpid(-1, &status, 0);
        if (found < 0 && errno != EINTR) return FAILED;
        if (found == process) break;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void kill_all(int number) {
    (void)number;
    kill(0, SIGKILL);
    _exit(FAILED);
}

/* Children without a parent come here, so that all of them can be found and ended. */
static int keep(char **argv, int separated, int alive) {
    signal(SIGTERM, kill_all);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    struct pollfd outer = {alive, 0, 0};
    if (poll(&outer, 1, 0) != 0) kill_all(0); /* it died before the signal was asked for */
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        signal(SIGTERM, SIG_DFL);
        close(alive);
        become(argv, separated);
    }
    close_all_above(2);
    return ended(child);
}

int main(int argc, char **argv) {
    int alive[2];
    parse(argc, argv);
    read_filter();
    const int separated = separate();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* a new user namespace would have undone it */
    if (getppid() != (pid_t)options['p']) die("the caller is gone");
    errno = 0;
    if (pipe(alive) != 0) die("pipe");
    const pid_t keeper = fork();
    if (keeper < 0) die("fork");
    if (keeper == 0) {
        close(alive[1]);
        _exit(keep(argv + optind, separated, alive[0]));
    }
    dup2(alive[1], 3);
    close_all_above(3);
    return ended(keeper);
}
