/* Times a joint state's way to its command: by a call in this process, and over UDP from a robot in a process of its own. The arm is
 * the shipped one, at rest in its start posture, at 500 Hz. benches/state_to_command.sh compiles and runs it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "moto_controller.h"

enum { JOINTS = 9, COUNT = 10000, PERIOD = 2000000 /* ns */ };

static const double REST[JOINTS] = {0, 0, 0, -0.8, -0.6, 0.3, 1.3, 1.2, 0.8}, STILL[JOINTS];

typedef struct {
  uint64_t time; /* ns */
  double position[JOINTS], velocity[JOINTS];
} State;
typedef struct {
  uint64_t answers; /* the time of the state */
  double effort[JOINTS];
} Effort;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t time) {
  const struct timespec until = {(time_t)(time / 1000000000), (long)(time % 1000000000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static State report(uint64_t tick) {
  State state = {.time = tick * PERIOD};
  memcpy(state.position, REST, sizeof REST);
  memcpy(state.velocity, STILL, sizeof STILL);
  return state;
}

static moto_result answer(moto_controller *controller, const State *state, Effort *effort) {
  const moto_state told = {
      .time = state->time, .position = state->position, .velocity = state->velocity, .joints = JOINTS};
  effort->answers = state->time;
  return moto_cycle(controller, &told, effort->effort, JOINTS);
}

static int ascending(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void print(const char *name, uint64_t *times, int lost) {
  qsort(times, COUNT, sizeof *times, ascending);
  printf("%-40s%7.1f %7.1f   lost %d\n", name, 1e-3 * (double)times[COUNT / 2], 1e-3 * (double)times[COUNT * 99 / 100], lost);
  fflush(stdout);
}

/* States that nobody times, until the loop takes them. */
static int begin(moto_controller *controller, uint64_t *tick) {
  Effort effort;
  moto_status status = {.running = false};
  for (int waited = 0; status.phase != MOTO_READY && waited < 10000; waited++) {
    const State state = report(++*tick);
    if (answer(controller, &state, &effort) != MOTO_OK) {
      return 0;
    }
    moto_get_status(controller, &status);
    usleep(1000);
  }
  return status.phase == MOTO_READY;
}

static void in_this_process(moto_controller *controller, uint64_t *times, uint64_t *tick) {
  Effort effort;
  uint64_t next = now();
  for (int state = 0; state < COUNT; state++) {
    sleep_until(next += PERIOD);
    const uint64_t sent = now();
    const State told = report(++*tick);
    answer(controller, &told, &effort);
    times[state] = now() - sent;
  }
  print("a call in the robot's thread", times, 0);
}

/* The robot's end of the wire. */
static int robot(int wire, uint64_t tick) {
  static uint64_t times[COUNT];
  struct pollfd heard = {.fd = wire, .events = POLLIN};
  uint64_t next = now();
  int lost = 0;
  for (int state = 0; state < COUNT; state++) {
    sleep_until(next += PERIOD);
    const uint64_t sent = now();
    const State told = report(++tick);
    send(wire, &told, sizeof told, 0);
    Effort effort = {0};
    while (effort.answers != told.time && now() - sent < 100000000) {
      if (poll(&heard, 1, 100) > 0 && recv(wire, &effort, sizeof effort, 0) != sizeof effort) {
        return 1;
      }
    }
    times[state] = now() - sent;
    lost += effort.answers != told.time;
  }
  const State last = {0};
  send(wire, &last, sizeof last, 0);
  print("UDP to a process of its own", times, lost);
  return 0;
}

static int over_udp(moto_controller *controller, const int wires[2], uint64_t tick) {
  const pid_t child = fork(); /* It calls nothing of the library. */
  if (child == 0) {
    _exit(robot(wires[1], tick));
  }
  State state;
  while (recv(wires[0], &state, sizeof state, 0) == sizeof state && state.time > 0) {
    Effort effort;
    answer(controller, &state, &effort);
    send(wires[0], &effort, sizeof effort, 0);
  }
  int left = 1;
  waitpid(child, &left, 0);
  return left;
}

int main(int count, char **arguments) {
  static uint64_t times[COUNT];
  if (count != 3) {
    return 2;
  }
  int wires[2];
  struct sockaddr_in ends[2];
  for (int end = 0; end < 2; end++) {
    socklen_t size = sizeof ends[end];
    ends[end] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    wires[end] = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(wires[end], (struct sockaddr *)&ends[end], size) || getsockname(wires[end], (struct sockaddr *)&ends[end], &size)) {
      return 1;
    }
  }
  for (int end = 0; end < 2; end++) {
    if (connect(wires[end], (struct sockaddr *)&ends[1 - end], sizeof ends[end])) {
      return 1;
    }
  }
  moto_controller *controller = NULL;
  uint64_t tick = 0;
  char why[1000] = "";
  if (moto_open(arguments[1], NULL, arguments[2], 0, &controller) != MOTO_OK || moto_start(controller) != MOTO_OK ||
      !begin(controller, &tick)) {
    moto_last_error(controller, why, sizeof why);
    fprintf(stderr, "the arm is not ready: %s\n", why);
    return 1;
  }
  in_this_process(controller, times, &tick);
  const int failed = over_udp(controller, wires, tick);
  moto_close(controller);
  return failed;
}
