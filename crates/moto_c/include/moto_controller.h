/* The controller in a thread of the caller's: libmoto_controller. Made by cbindgen from crates/moto_c; do
 * not edit. docs/c_interface.md shows how to use it.
 *
 * Threads: moto_cycle and moto_next_request belong to one thread, which has the deadline, and are
 * real-time safe. All other functions may be called in any other thread at the same time.
 *
 * Pointers: "valid" is aligned for its type, of memory that the caller may read, or write where the call
 * writes, for the whole length, and that no other thread changes during the call.
 *
 * Lives: pointers that are passed in are not kept. A controller lives from moto_open to moto_close.
 *
 * Panics of the library end at its border: the call returns MOTO_PANICKED, the effort is zero, and the
 * run ends.
 */

#ifndef MOTO_CONTROLLER_H
#define MOTO_CONTROLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The robot is a simulation of the caller's: it starts anew where `moto_next_request` says so, its
 * time passes with the cycles alone, and nothing has a deadline. The run is then the same, to the
 * bit, as that of the daemon in lockstep with the same simulation.
 */
#define MOTO_SIMULATED 1

/**
 * Leave the safe state after a fault without `moto_reset_fault`. For simulations: at a robot, a person
 * should look first.
 */
#define MOTO_RESET_FAULTS 2

/**
 * Go on with the run in the run folder. The configuration is the folder's.
 */
#define MOTO_RESUME 4

/**
 * Result of a call. Zero and above: the call did its work. Below zero: it did nothing.
 */
typedef enum {
  /**
   * Done.
   */
  MOTO_OK = 0,
  /**
   * `moto_cycle`: the cycle was made, and the robot is in a safe state. Send the effort. Only a
   * reset leaves the safe state.
   */
  MOTO_SAFE_STATE = 1,
  /**
   * `moto_cycle`: no run is under way. The effort is zero.
   */
  MOTO_NOT_RUNNING = 2,
  /**
   * A pointer is null.
   */
  MOTO_NULL_POINTER = -1,
  /**
   * A length is not that of the robot or the task.
   */
  MOTO_WRONG_SIZE = -2,
  /**
   * The controller was closed.
   */
  MOTO_CLOSED = -3,
  /**
   * Another thread is within `moto_cycle` or `moto_next_request`.
   */
  MOTO_TWO_THREADS = -4,
  /**
   * A run is under way already.
   */
  MOTO_RUNNING = -5,
  /**
   * Refused: `moto_last_error` says why.
   */
  MOTO_REFUSED = -6,
  /**
   * The library failed, and the run ends. The effort is zero.
   */
  MOTO_PANICKED = -7,
  /**
   * `moto_cycle`: the effort shares memory with the state.
   */
  MOTO_OVERLAP = -8,
} moto_result;

/**
 * What the loop asks of the world around the robot.
 */
typedef enum {
  /**
   * A trial begins: a simulation starts anew, with random numbers of this trial.
   */
  MOTO_BEGIN_TRIAL = 0,
  /**
   * The arm is ready: start the task, e.g. serve the ball.
   */
  MOTO_START_TASK = 1,
} moto_request_kind;

/**
 * What numbers are.
 */
typedef enum {
  /**
   * Position (x, y, z), m, and velocity (x, y, z), m/s, of a body in the world.
   */
  MOTO_ODOMETRY = 0,
  /**
   * Position (x, y, z) of a body in the world, m.
   */
  MOTO_POSITION = 1,
  /**
   * Numbers without a form.
   */
  MOTO_NUMBERS = 2,
} moto_form;

/**
 * Phase of a trial.
 */
typedef enum {
  /**
   * No trial; the arm holds its posture.
   */
  MOTO_IDLE = 0,
  /**
   * The arm moves to the start posture.
   */
  MOTO_HOMING = 1,
  /**
   * The arm is in the start posture and waits for the trigger.
   */
  MOTO_READY = 2,
  /**
   * The stroke.
   */
  MOTO_STROKE = 3,
  /**
   * The arm moves home.
   */
  MOTO_RETURN = 4,
  /**
   * No trial; the arm is led by hand.
   */
  MOTO_TEACHING = 5,
} moto_phase;

/**
 * Safety state.
 */
typedef enum {
  /**
   * No fault.
   */
  MOTO_RUN = 0,
  /**
   * After a fault: the arm holds its posture.
   */
  MOTO_HOLD = 1,
  /**
   * After a fault: the joints are damped.
   */
  MOTO_DAMP = 2,
  /**
   * After a fault: zero effort.
   */
  MOTO_ZERO = 3,
} moto_safety;

/**
 * A controller. `moto_open` makes it, `moto_close` closes it. Its few bytes stay allocated, so that a
 * call after the close is an error and not undefined behaviour.
 */
typedef struct moto_controller moto_controller;

/**
 * A packet of the robot: its state at one instant.
 */
typedef struct {
  /**
   * Time of the measurement by the robot's own clock, ns from any origin. It goes up by
   * `moto_period` from cycle to cycle. A gap counts as missed periods; a time that stays or goes
   * back is a fault.
   */
  uint64_t time;
  /**
   * Joint positions (joint), rad or m.
   */
  const double *position;
  /**
   * Joint velocities (joint), rad/s or m/s.
   */
  const double *velocity;
  /**
   * Number of joints.
   */
  size_t joints;
  /**
   * What the task observes besides the joints, one thing after the other as `moto_observed_value`
   * lists them. May be null if that is nothing.
   */
  const double *observed;
  /**
   * How many numbers `observed` are.
   */
  size_t observed_numbers;
  /**
   * Time of the measurement of the oldest of them, ns by the same clock.
   */
  uint64_t observed_time;
} moto_state;

/**
 * A request. The numbers name a trial, for `MOTO_BEGIN_TRIAL`.
 */
typedef struct {
  /**
   * What is asked for.
   */
  moto_request_kind kind;
  /**
   * Whether the trial is made without exploration noise.
   */
  bool evaluation;
  /**
   * Iteration of the learner, from 0.
   */
  uint64_t iteration;
  /**
   * Rollout within the iteration, from 0.
   */
  uint64_t rollout;
} moto_request;

/**
 * A thing that a task observes.
 */
typedef struct {
  /**
   * Its name. Valid for the life of the process.
   */
  const char *name;
  /**
   * What its numbers are.
   */
  moto_form form;
  /**
   * How many.
   */
  size_t numbers;
} moto_observed;

/**
 * Status of the controller.
 */
typedef struct {
  /**
   * Whether a run is under way.
   */
  bool running;
  /**
   * Whether all iterations of the run are done.
   */
  bool complete;
  /**
   * Whether trials are paused.
   */
  bool paused;
  /**
   * Phase of the trial.
   */
  moto_phase phase;
  /**
   * Safety state.
   */
  moto_safety safety;
  /**
   * Cycles made since the start.
   */
  uint64_t cycles;
  /**
   * Periods missed since the start.
   */
  uint64_t misses;
  /**
   * Trials stored since the controller was opened.
   */
  uint64_t trials;
  /**
   * Iterations stored since then.
   */
  uint64_t iterations;
  /**
   * Mean return of the newest iteration; NaN before the first.
   */
  double mean_return;
} moto_status;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes one control cycle in the calling thread: takes the robot's `state`, and writes the `effort`
 * (joint), N m or N, to be sent now. `joints` is the length of `effort`.
 *
 * Send the effort whatever the result is: it is zero wherever no cycle was made, but for
 * `MOTO_NULL_POINTER`, where there may be nowhere to write it. It is written before `state` is read, so
 * that no memory may be shared: `MOTO_OVERLAP`.
 *
 * Real-time safe: no allocation, no lock, no system call (but the reading of the clock where the
 * kernel does not map it), bounded time. One thread at a time: a second one gets `MOTO_TWO_THREADS`
 * and zero. `state`, `effort` and what they point to belong to the caller and are not kept.
 *
 * # Safety
 * Pointers are null or valid for the lengths beside them, and `controller` comes from `moto_open`.
 */
moto_result moto_cycle(moto_controller *controller, const moto_state *state, double *effort, size_t joints);

/**
 * Takes the next request of the loop to the world around the robot. Ask after each cycle until there
 * is none, where anything listens: a simulation, a ball launcher. True if there was one.
 *
 * Real-time safe. The thread of the cycles.
 *
 * # Safety
 * Pointers are null or valid, and `controller` comes from `moto_open`.
 */
bool moto_next_request(moto_controller *controller, moto_request *request);

/**
 * Opens a controller: reads the configuration, makes or opens the run folder, starts the library's
 * threads. Nothing moves.
 *
 * `configuration` is the path of a configuration file; `parameters` YAML that holds over it, a value for
 * each dotted name, such as `run.rollouts: 5`, or null; `run_folder` the folder to make, or null for a
 * folder under `runs/`; `flags` a sum of `MOTO_SIMULATED`, `MOTO_RESET_FAULTS`, `MOTO_RESUME`.
 * `controller` gets the controller, or null.
 *
 * Not real-time safe. Any thread; several controllers may be open. After an error call
 * `moto_last_error(NULL, ...)` in the same thread.
 *
 * # Safety
 * Pointers are null or valid, and texts end with a zero byte. `controller` overlaps no text: it is
 * written before they are read.
 */
moto_result moto_open(const char *configuration,
                      const char *parameters,
                      const char *run_folder,
                      uint32_t flags,
                      moto_controller **controller);

/**
 * Starts the run, or goes on with a run that was stopped. From now on `moto_cycle` moves the robot.
 * The watch over the calls begins with the first.
 *
 * Not real-time safe: it takes milliseconds. Any thread but that of the cycles.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_start(moto_controller *controller);

/**
 * Stops the run: the robot is damped, then gets zero, and what was learned is stored. Keep calling
 * `moto_cycle` meanwhile, in its own thread: it damps the robot. If no cycle comes for 0.1 s, the stop
 * does not wait for one.
 *
 * Not real-time safe: it waits for the robot, the disk, and an update under way. Any thread but that
 * of the cycles. Without a run under way it only says how the last one ended. `MOTO_REFUSED`: with the
 * error that `moto_last_error` tells.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_stop(moto_controller *controller);

/**
 * Stops the run as `moto_stop` does and closes the controller. Further calls with it get
 * `MOTO_CLOSED`. Null is passed over.
 *
 * Not real-time safe. Any thread but that of the cycles.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_close(moto_controller *controller);

/**
 * Starts the stroke of an arm that is ready, with `control.trigger: operator`.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_trigger(moto_controller *controller);

/**
 * Excludes the trial under way, or else the last one, from learning.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_mark_failed(moto_controller *controller);

/**
 * Begins no further trial.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_pause(moto_controller *controller);

/**
 * Begins trials again.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_resume(moto_controller *controller);

/**
 * Stops the robot now. Only a reset ends the stop. The run goes on after it.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_stop_robot(moto_controller *controller);

/**
 * Leaves the safe state after a fault. It stays where the readings are still not trustworthy.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_reset_fault(moto_controller *controller);

/**
 * Makes a stroke without exploration noise before the next iteration.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_evaluate(moto_controller *controller);

/**
 * Writes a checkpoint now.
 *
 * Not real-time safe. Any thread. `MOTO_NOT_RUNNING` if no run is under way.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
moto_result moto_save(moto_controller *controller);

/**
 * Number of joints; 0 for a controller that is null or closed. Real-time safe. Any thread.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
size_t moto_joints(const moto_controller *controller);

/**
 * Name of joint `joint` (from 0), in the order of all lists; null beyond the last. Valid for the life
 * of the process. Real-time safe. Any thread.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
const char *moto_joint_name(const moto_controller *controller, size_t joint);

/**
 * The control period, ns (`control.period`); 0 for a controller that is null or closed. Real-time
 * safe. Any thread.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`.
 */
uint64_t moto_period(const moto_controller *controller);

/**
 * What the task observes as thing `index` (from 0), in the order of `moto_state.observed`. False
 * beyond the last. Real-time safe. Any thread.
 *
 * # Safety
 * Pointers are null or valid, and `controller` comes from `moto_open`.
 */
bool moto_observed_value(const moto_controller *controller, size_t index, moto_observed *observed);

/**
 * Writes the controller's status. Not real-time safe. Any thread.
 *
 * # Safety
 * Pointers are null or valid, and `controller` comes from `moto_open`.
 */
moto_result moto_get_status(const moto_controller *controller, moto_status *status);

/**
 * Copies the newest fault or error, as text, to a buffer of `size` bytes, cut to fit and closed by a
 * zero byte. Returns the length of the text; 0 if there is none. With null as the controller: why the
 * last `moto_open` of this thread was refused.
 *
 * Not real-time safe. Any thread.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`; the buffer is null or has `size` bytes.
 */
size_t moto_last_error(const moto_controller *controller, char *buffer, size_t size);

/**
 * Copies the next record to a buffer of `size` bytes, closed by a zero byte: JSON, `{"trial": ...}` or
 * `{"iteration": ...}`, as in the run folder. Returns the length of the text; 0 if there is none. A
 * record that does not fit with its zero byte stays the next. Up to 1024 records wait.
 *
 * Not real-time safe. One thread at a time.
 *
 * # Safety
 * `controller` is null or comes from `moto_open`; the buffer is null or has `size` bytes.
 */
size_t moto_next_record(moto_controller *controller, char *buffer, size_t size);

/**
 * The name of a result, for messages. Valid for the life of the process; null for a number that is no
 * result. Real-time safe. Any thread.
 */
const char *moto_result_name(int32_t result);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MOTO_CONTROLLER_H */
