#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int apus_spawn(const char *path, char *const argv[], char *const envp[], int in_fd, int out_fd, int err_fd, int new_session) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return -error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return -error;
    }
    // Moved out of the way first, since a given descriptor may itself be 0, 1 or 2.
    int fds[3] = {in_fd, out_fd, err_fd};
    int moved[3] = {-1, -1, -1};
    for (int i = 0; i < 3 && !error; i++) {
        moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
        if (moved[i] < 0) error = errno;
    }
    for (int i = 0; i < 3 && !error; i++) error = posix_spawn_file_actions_adddup2(&actions, moved[i], i);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (new_session) flags |= POSIX_SPAWN_SETSID;
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error) error = posix_spawnattr_setflags(&attributes, flags);
    pid_t pid = -1;
    if (!error) error = posix_spawn(&pid, path, &actions, &attributes, argv, envp);
    for (int i = 0; i < 3; i++)
        if (moved[i] >= 0) close(moved[i]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error ? -error : pid;
}

int apus_pidfd_open(pid_t pid) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

int apus_pidfd_wait(int pidfd, int wake_fd, int milliseconds) {
    struct pollfd fds[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    for (;;) {
        int n = poll(fds, wake_fd >= 0 ? 2 : 1, milliseconds);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) return 0;
        return fds[0].revents ? 1 : 2;
    }
}

int apus_reap(pid_t pid, int *exit_code) {
    int status = 0;
    pid_t result;
    do result = waitpid(pid, &status, WNOHANG);
    while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    if (result == 0) return 0;
    *exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 1;
}

struct buffer {
    uint8_t *bytes;
    size_t length, capacity;
};

// Reads once; returns 0 at the end, 1 otherwise.
static int take(int fd, struct buffer *buffer, size_t limit) {
    uint8_t chunk[16384];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0) return errno == EINTR || errno == EAGAIN ? 1 : 0;
    if (n == 0) return 0;
    size_t keep = buffer->length < limit ? limit - buffer->length : 0;
    if (keep > (size_t)n) keep = (size_t)n;
    if (buffer->length + keep > buffer->capacity) {
        size_t capacity = (buffer->length + keep) * 2;
        uint8_t *bytes = realloc(buffer->bytes, capacity);
        if (!bytes) return 1;
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    if (keep) memcpy(buffer->bytes + buffer->length, chunk, keep);
    buffer->length += keep;
    return 1;
}

static long long now_milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

int apus_pump(int in_fd, const uint8_t *input, size_t input_length, int out_fd, int err_fd, int milliseconds, size_t limit,
              uint8_t **out, size_t *out_length, uint8_t **err, size_t *err_length) {
    struct buffer output = {0}, errors = {0};
    long long end = milliseconds < 0 ? -1 : now_milliseconds() + milliseconds;
    int result = 0;
    size_t written = 0;
    // A program that ends without reading its input must not end us: the signal is kept from this thread and taken off it again.
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    if (in_fd >= 0) fcntl(in_fd, F_SETFL, O_NONBLOCK);
    if (in_fd >= 0 && input_length == 0) {
        close(in_fd);
        in_fd = -1;
    }
    while (out_fd >= 0 || err_fd >= 0) {
        int wait = -1;
        if (end >= 0) {
            long long left = end - now_milliseconds();
            if (left <= 0) {
                result = -ETIMEDOUT;
                break;
            }
            wait = (int)left;
        }
        struct pollfd fds[3] = {
            {.fd = in_fd, .events = POLLOUT}, {.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};
        int n = poll(fds, 3, wait);
        if (n < 0 && errno != EINTR) {
            result = -errno;
            break;
        }
        if (n <= 0) continue;
        if (in_fd >= 0 && fds[0].revents) {
            ssize_t m = write(in_fd, input + written, input_length - written);
            if (m > 0) written += (size_t)m;
            if ((m < 0 && errno != EAGAIN && errno != EINTR) || written == input_length) {
                close(in_fd);
                in_fd = -1;
            }
        }
        if (out_fd >= 0 && fds[1].revents && !take(out_fd, &output, limit)) {
            close(out_fd);
            out_fd = -1;
        }
        if (err_fd >= 0 && fds[2].revents && !take(err_fd, &errors, limit)) {
            close(err_fd);
            err_fd = -1;
        }
    }
    if (in_fd >= 0) close(in_fd);
    if (out_fd >= 0) close(out_fd);
    if (err_fd >= 0) close(err_fd);
    struct timespec zero = {0};
    while (sigtimedwait(&pipe_signal, NULL, &zero) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *out = output.bytes;
    *out_length = output.length;
    *err = errors.bytes;
    *err_length = errors.length;
    return result;
}

int apus_enter_netns(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int result = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
    close(fd);
    return result;
}

int apus_pipe(int fds[2]) {
    return pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
}

int apus_event(void) {
    int fd = eventfd(0, EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void apus_event_set(int fd) {
    eventfd_write(fd, 1);
}

void apus_name_thread(const char *name) {
    pthread_setname_np(pthread_self(), name);
}
