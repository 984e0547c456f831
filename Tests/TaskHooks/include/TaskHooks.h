#pragma once

/// Hands every job of Swift's concurrency to `take` in place of the thread pool. Jobs that an actor or executor of their own runs are not among them.
void takeTaskJobs(void (*take)(void *job));

/// Runs a job on this thread until it waits for something or ends.
void runTaskJob(void *job);

/// From the next `exec` on, this process gets the same addresses each time. Returns 0 when that could be had.
int keepAddressesTheSame(void);
