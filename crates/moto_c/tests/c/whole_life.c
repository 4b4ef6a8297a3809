/* The whole life of a controller, in lockstep: refused, opened, started, learned to the end, stopped,
 * resumed, closed, and called after that. For memory checkers, and to see that it holds without one.
 *
 *   whole_life CONFIGURATION RUN_FOLDER
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moto_controller.h"

#define CHECK(holds)                                              \
  do {                                                            \
    if (!(holds)) {                                               \
      char why[1000] = "";                                        \
      moto_last_error(controller, why, sizeof why);               \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #holds, why); \
      exit(1);                                                    \
    }                                                             \
  } while (0)

static double position, velocity, effort;

/* Cycles until the run ends. The joint starts anew where it is told to. */
static void learn(moto_controller *controller) {
  const uint64_t period = moto_period(controller);
  moto_status status = {.running = true};
  for (uint64_t tick = 1; status.running; tick++) {
    moto_request request;
    bool anew = false;
    while (moto_next_request(controller, &request)) {
      anew |= request.kind == MOTO_BEGIN_TRIAL;
    }
    if (anew) {
      position = velocity = 0.0;
    } else {
      velocity += 1e-9 * (double)period * (effort - 0.05 * velocity) / 0.1;
      position += 1e-9 * (double)period * velocity;
    }
    const moto_state state = {.time = tick * period, .position = &position, .velocity = &velocity, .joints = 1};
    const moto_result result = moto_cycle(controller, &state, &effort, 1);
    /* At the end the robot is damped: a safe state. */
    CHECK(result == MOTO_OK || result == MOTO_SAFE_STATE || result == MOTO_NOT_RUNNING);
    if (tick % 20 == 0) {
      CHECK(moto_get_status(controller, &status) == MOTO_OK);
      usleep(status.phase == MOTO_IDLE ? 500 : 0);
    }
  }
}

int main(int count, char **arguments) {
  if (count != 3) {
    return 2;
  }
  moto_controller *controller = NULL;
  CHECK(moto_open("nowhere.yaml", NULL, arguments[2], 0, &controller) == MOTO_REFUSED && controller == NULL);
  CHECK(moto_open(arguments[1], NULL, arguments[2], MOTO_SIMULATED, &controller) == MOTO_OK);
  CHECK(moto_joints(controller) == 1 && strcmp(moto_joint_name(controller, 0), "hinge") == 0);
  CHECK(moto_start(controller) == MOTO_OK && moto_start(controller) == MOTO_RUNNING);
  CHECK(moto_save(controller) == MOTO_OK);
  learn(controller);
  moto_status status;
  CHECK(moto_get_status(controller, &status) == MOTO_OK && status.complete);
  char short_buffer[8], *record = malloc(1 << 20);
  long records = 0;
  while (moto_next_record(controller, short_buffer, sizeof short_buffer) > 0) {
    CHECK(moto_next_record(controller, record, 1 << 20) > 0);
    records++;
  }
  free(record);
  CHECK(records == (long)(status.trials + status.iterations) && records > 0);
  CHECK(moto_stop(controller) == MOTO_OK);
  CHECK(moto_close(controller) == MOTO_OK);
  moto_controller *const closed = controller;
  const moto_state state = {.time = 1, .position = &position, .velocity = &velocity, .joints = 1};
  CHECK(moto_cycle(closed, &state, &effort, 1) == MOTO_CLOSED && effort == 0.0);
  CHECK(moto_open(NULL, NULL, arguments[2], MOTO_SIMULATED | MOTO_RESUME, &controller) == MOTO_OK);
  const moto_state two = {.time = 1, .position = &position, .velocity = &velocity, .joints = 2};
  CHECK(moto_cycle(controller, &two, &effort, 1) == MOTO_WRONG_SIZE && effort == 0.0);
  CHECK(moto_close(controller) == MOTO_OK && moto_close(controller) == MOTO_CLOSED);
  printf("a whole life of %d trials\n", (int)status.trials);
  return 0;
}
