/* A joint learns a stroke at 1 kHz in this thread. The joint is simulated, and its time is a count of
 * its periods, as a robot's is.
 *
 *   cc one_joint.c -I ../include -L ../../../target/release -lmoto_controller -lm -o one_joint
 *   ./one_joint one_joint.yaml my_run
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#include "moto_controller.h"

static const double INERTIA = 0.1; /* kg m^2 about the hinge: 0.06 + 1 kg (0.2 m)^2 */

static int failed(const char *what, const moto_controller *controller) {
  char why[1000] = "";
  moto_last_error(controller, why, sizeof why);
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: one_joint CONFIGURATION RUN_FOLDER\n");
    return 1;
  }
  moto_controller *controller;
  if (moto_open(arguments[1], NULL, arguments[2], MOTO_RESET_FAULTS, &controller) != MOTO_OK) {
    return failed("not opened", NULL);
  }
  if (moto_start(controller) != MOTO_OK) {
    return failed("not started", controller);
  }
  const uint64_t period = moto_period(controller); /* ns */
  const double dt = 1e-9 * (double)period;
  double position = 0.1, velocity = 0.0, effort = 0.0;
  moto_result result = MOTO_OK;
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (uint64_t tick = 0; result == MOTO_OK || result == MOTO_SAFE_STATE; tick++) {
    moto_state state = {.time = tick * period, .position = &position, .velocity = &velocity, .joints = 1};
    result = moto_cycle(controller, &state, &effort, 1);
    velocity += dt * (effort - 0.05 * velocity) / INERTIA;
    position += dt * velocity;
    next.tv_nsec += (long)period;
    if (next.tv_nsec >= 1000000000) {
      next.tv_nsec -= 1000000000;
      next.tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
  }
  moto_stop(controller); /* Until all is stored. */
  moto_status status;
  moto_get_status(controller, &status);
  if (result != MOTO_NOT_RUNNING || !status.complete) {
    return failed(moto_result_name(result), controller);
  }
  printf("learned from %d trials, mean return %.3f, left with %.1f N m\n", (int)status.trials, status.mean_return,
         effort);
  moto_close(controller);
  return 0;
}
