#include "include/TaskHooks.h"

#include <stdint.h>
#include <sys/personality.h>

// The Swift runtime offers these for exactly this purpose (swift/Runtime/Concurrency.h).
#define SWIFT __attribute__((swiftcall))

typedef SWIFT void (*EnqueueHook)(void *job, void *original);
typedef struct {
  void *identity;
  uintptr_t implementation;
} ExecutorRef;

extern EnqueueHook swift_task_enqueueGlobal_hook;
extern EnqueueHook swift_task_enqueueMainExecutor_hook;
extern SWIFT void swift_job_run(void *job, ExecutorRef executor);

static void (*taker)(void *job);

static SWIFT void enqueue(void *job, void *original) {
  (void)original;
  taker(job);
}

void takeTaskJobs(void (*take)(void *job)) {
  taker = take;
  swift_task_enqueueGlobal_hook = enqueue;
  swift_task_enqueueMainExecutor_hook = enqueue;
}

void runTaskJob(void *job) {
  ExecutorRef generic = {0, 0};
  swift_job_run(job, generic);
}

int keepAddressesTheSame(void) { return personality(ADDR_NO_RANDOMIZE) == -1; }
