/* A robot behind UDP at 1 kHz, in the manner of FRI: it sends its state each millisecond and takes the
 * efforts that answer it. The robot is simulated in a second process. If answers stop, the robot lets
 * go; if states stop, the controller has no call to make, and the run ends.
 *
 *   cc udp_robot.c -I ../include -L ../../../target/release -lmoto_controller -o udp_robot
 *   ./udp_robot one_joint.yaml my_run
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "moto_controller.h"

enum { PERIOD = 1000000 /* ns */, PATIENCE = 100 /* periods */ };

/* What passes, in the byte order of this machine: both ends are on it. */
typedef struct {
  uint64_t time; /* ns, the robot's */
  double position, velocity;
} State;
typedef struct {
  uint64_t answers; /* the time of the state */
  double effort;
} Effort;

/* The robot: a joint that is told efforts, until nobody answers any more. Returns whether it was left
 * with zero. */
static int robot(int wire) {
  State state = {.time = 0, .position = 0.1};
  Effort told = {0};
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (int silent = 0; told.answers == 0 || silent < PATIENCE * 20;) {
    state.time += PERIOD;
    send(wire, &state, sizeof state, 0);
    next.tv_nsec += PERIOD;
    if (next.tv_nsec >= 1000000000) {
      next.tv_nsec -= 1000000000;
      next.tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    silent++;
    for (Effort newer; recv(wire, &newer, sizeof newer, MSG_DONTWAIT) == sizeof newer;) {
      if (newer.answers > told.answers) {
        told = newer;
        silent = 0;
      }
    }
    const double effort = silent < PATIENCE ? told.effort : 0.0; /* Its commander may be dead. */
    state.velocity += 1e-9 * PERIOD * (effort - 0.05 * state.velocity) / 0.1;
    state.position += 1e-9 * PERIOD * state.velocity;
  }
  return told.effort == 0.0 ? 0 : 1;
}

/* The controller's end: a call for each state. */
static int control(int wire, moto_controller *controller) {
  moto_result result = MOTO_OK;
  struct pollfd heard = {.fd = wire, .events = POLLIN};
  for (State old; recv(wire, &old, sizeof old, MSG_DONTWAIT) > 0;) { /* From before the start. */
  }
  for (uint64_t newest = 0; result == MOTO_OK || result == MOTO_SAFE_STATE;) {
    if (poll(&heard, 1, 5000) <= 0) {
      fprintf(stderr, "the robot is silent\n");
      return 1;
    }
    State state;
    if (recv(wire, &state, sizeof state, 0) != sizeof state || state.time <= newest) {
      continue; /* A packet that was overtaken is old. */
    }
    newest = state.time;
    const moto_state now = {
        .time = state.time, .position = &state.position, .velocity = &state.velocity, .joints = 1};
    Effort effort = {.answers = state.time};
    result = moto_cycle(controller, &now, &effort.effort, 1);
    send(wire, &effort, sizeof effort, 0);
  }
  moto_stop(controller); /* Until all is stored. */
  moto_status status;
  moto_get_status(controller, &status);
  char why[1000] = "";
  moto_last_error(controller, why, sizeof why);
  printf("%s after %d trials %s\n", status.complete ? "learned" : "ended", (int)status.trials, why);
  return status.complete ? 0 : 1;
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: udp_robot CONFIGURATION RUN_FOLDER\n");
    return 1;
  }
  int wires[2];
  struct sockaddr_in ends[2];
  for (int end = 0; end < 2; end++) {
    socklen_t size = sizeof ends[end];
    ends[end] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    wires[end] = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(wires[end], (struct sockaddr *)&ends[end], size) != 0 ||
        getsockname(wires[end], (struct sockaddr *)&ends[end], &size) != 0) {
      perror("socket");
      return 1;
    }
  }
  for (int end = 0; end < 2; end++) {
    if (connect(wires[end], (struct sockaddr *)&ends[1 - end], sizeof ends[end]) != 0) {
      perror("connect");
      return 1;
    }
  }
  const pid_t child = fork(); /* Before the library has threads. */
  if (child == 0) {
    return robot(wires[1]);
  }
  moto_controller *controller = NULL;
  int wrong = 1;
  if (moto_open(arguments[1], NULL, arguments[2], MOTO_RESET_FAULTS, &controller) == MOTO_OK &&
      moto_start(controller) == MOTO_OK) {
    wrong = control(wires[0], controller);
  }
  moto_close(controller);
  int left = 1;
  waitpid(child, &left, 0);
  printf("the robot was left %s\n", left == 0 ? "with zero effort" : "with an effort");
  return wrong != 0 || left != 0;
}
