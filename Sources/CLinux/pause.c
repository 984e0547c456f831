#include "CLinux.h"

#include <stdint.h>
#include <sys/syscall.h>

/*
 * The program of a pod's first process. It is compiled into a section of its own, from which images of it are made: it must not refer to anything
 * outside itself, neither functions (of the C library, or put in by the compiler) nor data, and speaks to the kernel directly.
 */

#define PAUSE_SECTION "apus_pause"

#if defined(__clang__)
#define UNTOUCHED __attribute__((no_profile_instrument_function, no_sanitize("all"), no_stack_protector))
#else
#define UNTOUCHED
#endif

#define INLINE static inline __attribute__((always_inline)) UNTOUCHED

#if defined(__x86_64__)

INLINE long call(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return result;
}

/* The kernel starts a program with the stack aligned as before a call, the compiler expects it as after one. */
#define ENTRY __attribute__((force_align_arg_pointer))

#elif defined(__aarch64__)

INLINE long call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

#define ENTRY

#else
#error "the pause program is not written for this kind of processor"
#endif

enum { sig_int = 2, sig_term = 15, sig_chld = 17, block = 0, no_wait = 1, set_bytes = 8 };

/*
 * Signals are blocked and fetched: one that is blocked reaches the first process of a PID namespace although it has no handler.
 */
__attribute__((section(PAUSE_SECTION), used, noinline)) UNTOUCHED ENTRY static void pause_start(void) {
    uint64_t signals = 1ull << (sig_int - 1) | 1ull << (sig_term - 1) | 1ull << (sig_chld - 1);
    call(SYS_rt_sigprocmask, block, (long)&signals, 0, set_bytes);
    for (;;) {
        long received = call(SYS_rt_sigtimedwait, (long)&signals, 0, 0, set_bytes);
        if (received == sig_int || received == sig_term) call(SYS_exit_group, 0, 0, 0, 0);
        while (call(SYS_wait4, -1, 0, no_wait, 0) > 0) {
        }
    }
}

extern const uint8_t __start_apus_pause[];
extern const uint8_t __stop_apus_pause[];

const void *apus_pause_program(size_t *size, size_t *entry) {
    *size = (size_t)(__stop_apus_pause - __start_apus_pause);
    *entry = (size_t)((const uint8_t *)(void (*)(void))pause_start - __start_apus_pause);
    return __start_apus_pause;
}
