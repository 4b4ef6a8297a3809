/* Cycles in a thread that may neither allocate nor make a system call, and how long they take.
 *
 *   cycles CONFIGURATION RUN_FOLDER COUNT [allocate|write]
 *
 * An allocation within a cycle aborts; a system call of the thread but the clock's kills the process. The
 * last argument does one of these on purpose, to see that it is noticed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "moto_controller.h"

/* glibc's own names of what is interposed here. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static __thread int armed;

static void check(void) {
  if (armed) {
    armed = 0;
    static const char said[] = "a cycle allocated or freed memory\n";
    if (write(2, said, sizeof said - 1) < 0) {
      _exit(3);
    }
    abort();
  }
}

void *malloc(size_t size) {
  check();
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  check();
  return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
  check();
  return __libc_realloc(old, size);
}
int posix_memalign(void **place, size_t alignment, size_t size) {
  check();
  *place = __libc_memalign(alignment, size);
  return *place == NULL ? ENOMEM : 0;
}
void *aligned_alloc(size_t alignment, size_t size) {
  check();
  return __libc_memalign(alignment, size);
}
void free(void *old) {
  check();
  __libc_free(old);
}

static moto_controller *controller;
static long count;
static const char *fault = "";
static uint32_t *times; /* ns per cycle */
static volatile int begun, over, failed; /* begun: a trial was made, and cycles count */

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Of this thread's system calls, only those of the clock pass. */
static int only_the_clock(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_nanosleep, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void *cycles(void *none) {
  double position = 0.1, velocity = 0, effort = 0;
  const uint64_t period = moto_period(controller);
  if (only_the_clock() != 0) {
    failed = 1;
  }
  for (long cycle = 0, tick = 0; cycle < count && !failed; cycle += begun, tick++) {
    const moto_state state = {.time = (uint64_t)tick * period, .position = &position, .velocity = &velocity, .joints = 1};
    const uint64_t begin = now();
    armed = 1;
    const moto_result result = moto_cycle(controller, &state, &effort, 1);
    if (cycle == count / 2 && strcmp(fault, "allocate") == 0) {
      void *volatile place = malloc(10);
      free(place);
    } else if (cycle == count / 2 && strcmp(fault, "write") == 0 && write(1, ".", 1) != 1) {
      failed = 1;
    }
    armed = 0;
    times[cycle] = (uint32_t)(now() - begin);
    failed |= result != MOTO_OK;
    velocity += 1e-9 * (double)period * (effort - 0.05 * velocity) / 0.1;
    position += 1e-9 * (double)period * velocity;
  }
  over = 1;
  for (;;) { /* The end of a thread would not pass the filter. */
    const struct timespec long_time = {3600, 0};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL);
  }
  return none;
}

static int ascending(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

int main(int words, char **arguments) {
  if (words < 4) {
    return 2;
  }
  count = atol(arguments[3]);
  fault = words > 4 ? arguments[4] : "";
  times = calloc((size_t)count, sizeof *times);
  char why[1000] = "";
  if (moto_open(arguments[1], NULL, arguments[2], 0, &controller) != MOTO_OK || moto_start(controller) != MOTO_OK) {
    moto_last_error(controller, why, sizeof why);
    fprintf(stderr, "%s\n", why);
    return 1;
  }
  memset(times, 1, (size_t)count * sizeof *times); /* Mapped before it counts. */
  pthread_t thread;
  pthread_create(&thread, NULL, cycles, NULL);
  moto_status status;
  while (!over) {
    usleep(1000);
    moto_get_status(controller, &status);
    begun = status.trials > 0;
  }
  moto_last_error(controller, why, sizeof why);
  qsort(times, (size_t)count, sizeof *times, ascending);
  printf("%ld cycles, %d trials, %d iterations; ns: p50 %u, p99 %u, p99.9 %u, largest %u %s\n", count,
         (int)status.trials, (int)status.iterations, times[count / 2], times[count * 99 / 100],
         times[count * 999 / 1000], times[count - 1], why);
  fflush(stdout);
  moto_close(controller);
  _exit(failed || status.trials == 0);
}
