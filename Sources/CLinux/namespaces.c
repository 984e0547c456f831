#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utmpx.h>

extern char **environ;

/*
 * What runs in a child between fork and exec makes system calls only: another thread may have held any lock of the library at the fork.
 */

static int join_cgroups(const char *const *lists) {
    for (; *lists; lists++) {
        int fd = open(*lists, O_WRONLY | O_CLOEXEC);
        if (fd < 0) return errno;
        /* Whoever writes 0 moves itself. */
        int failure = write(fd, "0", 1) == 1 ? 0 : errno;
        close(fd);
        if (failure) return failure;
    }
    return 0;
}

static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Ends with the reason written to `report`; success closes it. */
static void become_apart(const struct apus_apart *apart, char *const argv[], char *const envp[], int report) {
    int failure = 0;
    setsid();
    reset_signals();
    if (apart->network_fd >= 0 && setns(apart->network_fd, CLONE_NEWNET)) failure = errno;
    if (!failure) failure = join_cgroups(apart->cgroups);
    /* Only now, so that the root of the new namespace is where it has moved to. */
    if (!failure && apart->new_cgroup_root && unshare(CLONE_NEWCGROUP)) failure = errno;
    int given[3] = {apart->in_fd, apart->out_fd, apart->err_fd};
    for (int i = 0; i < 3 && !failure; i++) {
        given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 3);
        if (given[i] < 0) failure = errno;
    }
    for (int i = 0; i < 3 && !failure; i++)
        if (dup2(given[i], i) < 0) failure = errno;
    if (!failure) {
        execve(argv[0], argv, envp);
        failure = errno;
    }
    if (write(report, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

int apus_spawn_apart(const struct apus_apart *apart, char *const argv[], char *const envp[]) {
    int report[2];
    if (pipe2(report, O_CLOEXEC)) return -errno;
    unsigned long flags = SIGCHLD;
    if (apart->new_machine) flags |= CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID;
    if (apart->new_network) flags |= CLONE_NEWNET;
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (pid < 0) {
        int failure = errno;
        close(report[0]);
        close(report[1]);
        return -failure;
    }
    if (pid == 0) become_apart(apart, argv, envp, report[1]);
    close(report[1]);
    int failure = 0;
    ssize_t count;
    do count = read(report[0], &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
    close(report[0]);
    if (count == 0) return (int)pid;
    while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return failure > 0 ? -failure : -EIO;
}

/* The end of a child as a shell counts it. */
static int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return 255;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Interrupts from the terminal reach the program itself, which decides what they mean; those who wait for it stay. */
static void ignore_interrupts(void) {
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
}

static int inside(int pidfd, const char *const *cgroups, char *const argv[], char *const envp[]) {
    if (join_cgroups(cgroups)) return APUS_NOT_ENTERED;
    if (setns(pidfd, CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS)) return APUS_NOT_ENTERED;
    if (chdir("/root") && chdir("/")) return APUS_NOT_ENTERED;
    pid_t pid = fork();
    if (pid < 0) return APUS_NOT_ENTERED;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        reset_signals();
        environ = (char **)envp;
        execvp(argv[0], argv);
        _exit(errno == ENOENT ? 127 : 126);
    }
    ignore_interrupts();
    return wait_for(pid);
}

int apus_run_inside(pid_t machine, const char *const *cgroups, char *const argv[], char *const envp[]) {
    int pidfd = apus_pidfd_open(machine);
    if (pidfd < 0) return pidfd;
    /* The mount namespace of a process with threads can't be changed. */
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(inside(pidfd, cgroups, argv, envp));
    }
    int failure = errno;
    close(pidfd);
    if (pid < 0) return -failure;
    ignore_interrupts();
    return wait_for(pid);
}

int apus_pivot_root(const char *path) {
    /* With the old root on top of the new one it needs no folder of its own, and goes when it is unmounted. */
    if (chdir(path) || syscall(SYS_pivot_root, ".", ".")) return -errno;
    return 0;
}

int apus_set_attribute(const char *path, const char *name, const char *value, size_t length) {
    return lsetxattr(path, name, value, length, 0) ? -errno : 0;
}

int apus_record_runlevel(char level) {
    int fd = open("/run/utmp", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) return -errno;
    close(fd);
    struct utmpx record = {.ut_type = RUN_LVL, .ut_pid = 'N' << 8 | level, .ut_line = "~", .ut_id = "~~", .ut_user = "runlevel"};
    setutxent();
    int failure = pututxline(&record) ? 0 : errno;
    endutxent();
    return -failure;
}
