// The few things that Swift cannot say by itself. Every function returns a negative errno on failure.
#ifndef APUS_CLINUX_H
#define APUS_CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Starts `path` with the three descriptors as its standard input, output and error; every other descriptor is closed in it and its
/// signals are reset. With `new_session` it leads a session of its own, so that signals to our terminal or process group miss it.
/// Returns the process id.
int apus_spawn(const char *path, char *const argv[], char *const envp[], int in_fd, int out_fd, int err_fd, int new_session);

/// A descriptor that becomes readable when the process ends, also for processes that are not our children.
int apus_pidfd_open(pid_t pid);

/// Waits for the process behind `pidfd` to end or for `wake_fd` to become readable, at most `milliseconds` (-1: for ever).
/// Returns 1 when the process ended, 2 when woken, 0 after the time.
int apus_pidfd_wait(int pidfd, int wake_fd, int milliseconds);

/// Reaps a child that has ended. Returns 1 and sets `exit_code` (128 + signal for a killed one), 0 while it runs; -ECHILD for others' children.
int apus_reap(pid_t pid, int *exit_code);

/// Feeds `input` to `in_fd` and collects what comes from `out_fd` and `err_fd` until both are at their end or `milliseconds` (-1: never)
/// have passed; beyond `limit` bytes each, output is read and dropped. Closes all three. The buffers are malloc'ed, to be freed by the caller.
/// Returns 0, -ETIMEDOUT, or another error.
int apus_pump(int in_fd, const uint8_t *input, size_t input_length, int out_fd, int err_fd, int milliseconds, size_t limit,
              uint8_t **out, size_t *out_length, uint8_t **err, size_t *err_length);

/// Machine code that needs nothing around it: does nothing until SIGTERM or SIGINT comes, reaping every child that ends meanwhile. It is not
/// called but copied into a program of its own. Sets its length and the offset where it begins.
const void *apus_pause_program(size_t *size, size_t *entry);

/// A pipe whose ends are closed in started programs: `fds[0]` to read from, `fds[1]` to write to.
int apus_pipe(int fds[2]);

/// A descriptor that becomes readable once `apus_event_set` was called on it.
int apus_event(void);
void apus_event_set(int fd);

/// Names the calling thread (at most 15 bytes), for tools that show threads.
void apus_name_thread(const char *name);

/// Sets the C library's allocator up for a server: memory that it has freed under load is kept for the next moment of it.
void apus_keep_freed_memory(void);
/// From now on no core of this process is written. Programs that it runs are free of this.
void apus_keep_out_of_cores(void);
/// 1 if a core of this process may be written.
int apus_may_leave_core(void);

/// Enters the network namespace at `path` (such as /run/netns/x) with the calling thread.
int apus_enter_netns(const char *path);

/// How a process is set apart from its parent: what `apus_spawn_apart` starts.
struct apus_apart {
    /// Mount, UTS, IPC and PID namespaces of its own: it is process 1 of a machine.
    int new_machine;
    int new_network;
    /// Its cgroup is the root of what it sees.
    int new_cgroup_root;
    /// A network namespace to enter, or -1.
    int network_fd;
    /// The `cgroup.procs` files of the cgroups to move into, ended by NULL.
    const char *const *cgroups;
    int in_fd, out_fd, err_fd;
};

/// Starts the program at the path `argv[0]`, leader of a session of its own, its signals reset, and returns when it has been started. It
/// inherits the three descriptors and such as are not closed on exec. Returns the process id.
int apus_spawn_apart(const struct apus_apart *apart, char *const argv[], char *const envp[]);

/// What `apus_run_inside` returns when the machine's namespaces could not be entered.
#define APUS_NOT_ENTERED 254

/// Runs a program in all namespaces of the process `machine` and in these cgroups (`cgroup.procs` files, ended by NULL) with our own standard
/// descriptors, found by the `PATH` of `envp`, and waits for it. From then on this process ignores interrupts from the terminal. Returns the exit
/// code (128 + signal for a killed program, 127 when there is none of that name).
int apus_run_inside(pid_t machine, const char *const *cgroups, char *const argv[], char *const envp[]);

/// Makes the mount at `path` the root of this mount namespace, with the old root mounted on top of it at `.`: unmount that next.
int apus_pivot_root(const char *path);

/// Sets an extended attribute of a file, of a link itself.
int apus_set_attribute(const char *path, const char *name, const char *value, size_t length);

/// Writes down that the machine has come to this runlevel, for those who ask whether a service may be started.
int apus_record_runlevel(char level);

/// A socket that receives every frame which comes in by a network link, and sends what is written as it is. A header that says which work on the
/// frame is left to do (`struct virtio_net_hdr`) stands before each. It does not block.
int apus_packet_socket(const char *link);

#endif
