#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

void apus_pause(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    for (;;) {
        int received = sigwaitinfo(&signals, NULL);
        if (received < 0 && errno != EINTR) return;
        if (received == SIGTERM || received == SIGINT) return;
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
}
