// The controller without ROS: a run of libmoto_controller, and a cycle on interfaces of ros2_control.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "moto_controller.h"

namespace moto_ros2_control
{

/// What is to be opened.
struct Settings
{
  std::string configuration;  ///< Path of the configuration.
  std::string parameters;     ///< Parameters that hold over it: YAML, a value for each dotted name.
  std::string run_folder;     ///< Run folder to make, or to resume; empty for one under `runs/`.
  bool resume = false;        ///< Go on with the run in the run folder.
  bool reset_faults = false;  ///< Leave the safe state without a reset. For simulations.
};

/// A thing that the task observes.
struct Observed
{
  std::string name;
  moto_form form;
  std::size_t numbers;
};

/// Who is told what happens. Called on the core's own thread, never on that of the cycles.
struct Listener
{
  std::function<void(const std::string &)> record;  ///< A stored trial or iteration, as JSON.
  std::function<void()> start_task;                 ///< The arm is ready: start the task.
  std::function<void(const std::string &)> error;   ///< The run ended, for this reason.
};

/// A run and its cycles. `update`, `halt`, `is_ready` and `end` are for the thread of the cycles, and
/// real-time safe. All else is for other threads.
class Core
{
public:
  /// Opens the run and starts it: it waits for the first cycle. Throws std::runtime_error with the
  /// reason where it is refused.
  Core(const Settings & settings, Listener listener);
  ~Core();
  Core(const Core &) = delete;
  Core & operator=(const Core &) = delete;

  /// Names of the joints, in the order of all lists.
  const std::vector<std::string> & joints() const { return joints_; }
  /// What the task observes.
  const std::vector<Observed> & observed() const { return observed_; }
  /// The control period, ns.
  uint64_t period() const { return moto_period(controller_); }

  /// Takes the newest numbers of the observed thing `index`, measured at `time`, ns. False if there are
  /// more or fewer of them than the task observes.
  bool observe(std::size_t index, const std::vector<double> & numbers, uint64_t time);

  /// Gives the run an order, e.g. moto_trigger.
  moto_result order(moto_result (*call)(moto_controller *)) { return call(controller_); }

  /// Whether cycles may begin.
  bool is_ready() const { return ready_.load(); }

  /// The first of these interfaces whose value is no number (ros2_control has other types too, which
  /// throw); their count if there is none. To be asked before the first cycle.
  template <class State>
  static std::size_t first_without_number(const std::vector<State> & states)
  {
    for (std::size_t index = 0; index < states.size(); index++) {
      try {
        (void)states[index].get_optional();
      } catch (const std::exception &) {
        return index;
      }
    }
    return states.size();
  }

  /// A cycle at `time`, ns. `states` are position and velocity of each joint in turn, `commands` the
  /// effort of each joint. Once the run has ended, they are zero. False if the call was refused or an effort was not
  /// taken.
  template <class State, class Command>
  bool update(uint64_t time, const std::vector<State> & states, std::vector<Command> & commands)
  {
    const std::size_t joints = joints_.size();
    if (states.size() != 2 * joints || commands.size() != joints) {
      halt(commands);
      return false;
    }
    // A state that cannot be read is not a number, which trips the loop.
    const double none = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t joint = 0; joint < joints; joint++) {
      position_[joint] = states[2 * joint].get_optional().value_or(none);
      velocity_[joint] = states[2 * joint + 1].get_optional().value_or(none);
    }
    const bool cycled = cycle(time);
    bool taken = true;
    for (std::size_t joint = 0; joint < joints; joint++) {
      taken &= commands[joint].set_value(effort_[joint]);
    }
    return cycled && taken;
  }

  /// Sets every effort to zero. False if one was not taken.
  template <class Command>
  static bool halt(std::vector<Command> & commands)
  {
    bool taken = true;
    for (auto & command : commands) {
      taken &= command.set_value(0.0);
    }
    return taken;
  }

  /// Ends the run, after the last cycle. The core's thread stores it and starts it again, to go on with
  /// the next cycle.
  void end();

private:
  bool cycle(uint64_t time);
  void take_observed();
  void keep();
  void restart();
  void look_after();

  moto_controller * controller_ = nullptr;
  std::vector<std::string> joints_;
  std::vector<Observed> observed_;
  Listener listener_;
  std::vector<double> position_, velocity_, effort_;

  // Newest observations. Both sides try the lock: the cycle goes on with what it has where it is held, and
  // has no waiting thread to wake.
  std::mutex observing_;
  std::vector<double> newest_, used_;
  std::vector<uint64_t> newest_times_;
  uint64_t used_time_ = 0;

  std::atomic<bool> ready_{false}, ending_{false}, over_{false};
  std::atomic<uint64_t> tasks_{0};
  std::thread keeper_;
};

/// The newest error of a controller, or of the last one that was not opened.
std::string last_error(const moto_controller * controller);

}  // namespace moto_ros2_control
