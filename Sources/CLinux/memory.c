#include "CLinux.h"
#include <malloc.h>
#include <sys/prctl.h>

void apus_keep_out_of_cores(void) { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int apus_may_leave_core(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1; }

void apus_keep_freed_memory(void) {
#ifdef __GLIBC__
    // By default a heap gives its end back as soon as 128 KB of it are free, and takes it again a moment later: two calls of the kernel and a
    // page fault for each page, many times a second under load.
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_TOP_PAD, 512 << 10);
    // Setting the first stops the C library from learning this one, which is the size from which on memory comes from the kernel directly.
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}
