// The core on a stand-in of ros2_control's interfaces: a joint learns at 1 kHz, the run is ended and goes
// on, refusals have reasons.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "moto_ros2_control/core.hpp"
#include "moto_ros2_control/yaml.hpp"

namespace
{

// As the loaned interfaces of ros2_control: moved, not copied; what a call returns is to be looked at; a value of
// another type than double throws.
struct State
{
  std::optional<double> value;
  bool is_number = true;
  explicit State(std::optional<double> initial) : value(initial) {}
  State(const State &) = delete;
  State(State &&) = default;
  virtual ~State() = default;

  template <typename T = double>
  [[nodiscard]] std::optional<T> get_optional(unsigned int /*max_tries*/ = 10) const
  {
    if (!is_number) {
      throw std::runtime_error("another type");
    }
    return value;
  }
};

struct Command : State
{
  bool taken = true;
  Command() : State(std::nullopt) {}

  template <typename T>
  [[nodiscard]] bool set_value(const T & effort, unsigned int /*max_tries*/ = 10)
  {
    static_assert(std::is_same_v<T, double>);
    value = effort;
    return taken;
  }
};

void check(bool holds, const char * what)
{
  if (!holds) {
    throw std::runtime_error(what);
  }
}
#define CHECK(holds) check(holds, #holds)

struct Joint
{
  std::vector<State> states;
  std::vector<Command> commands{1};
  uint64_t time = 0;
  std::chrono::steady_clock::time_point next = std::chrono::steady_clock::now();

  Joint()
  {
    states.emplace_back(0.1);
    states.emplace_back(0.0);
  }

  bool update(moto_ros2_control::Core & core)
  {
    time += core.period();
    const bool done = core.update(time, states, commands);
    double & velocity = *states[1].value;
    velocity += 1e-3 * (*commands[0].value - 0.05 * velocity) / 0.1;
    *states[0].value += 1e-3 * velocity;
    next += std::chrono::milliseconds(1);
    std::this_thread::sleep_until(next);
    return done;
  }
};

void run(const char * configuration, const char * folder)
{
  using moto_ros2_control::Core;
  using moto_ros2_control::yaml_line;
  const auto refused = [&](const char * file, const std::string & parameters, const char * why) {
    try {
      Core core({file, parameters, folder, false, false}, {});
    } catch (const std::runtime_error & error) {
      std::printf("%s\n", error.what());
      return std::string(error.what()).find(why) != std::string::npos;
    }
    return false;
  };
  CHECK(refused("nowhere.yaml", "", "nowhere.yaml"));
  using moto_ros2_control::is_of_the_configuration;
  CHECK(is_of_the_configuration("run.rollouts") && is_of_the_configuration("judge"));
  CHECK(!is_of_the_configuration("async_parameters.thread_priority") && !is_of_the_configuration("run_folder"));
  // The values of parameters arrive as they are.
  CHECK(refused(configuration, yaml_line("run.rollouts", int64_t{-3}), "run.rollouts is -3"));
  CHECK(refused(configuration, yaml_line("control.period", -0.1), "control.period is -0.1"));
  CHECK(refused(configuration, yaml_line("control.period", 1.0 / 0.0), "control.period is inf"));
  CHECK(refused(configuration, yaml_line("control.trigger", std::string("a \"b\\\n")), "control.trigger is \"a \\\"b\\\\\\n\""));
  CHECK(refused(configuration, yaml_line("control.limits.margin", std::vector<double>{0.1, 2.0}), "control.limits.margin"));
  CHECK(refused(configuration, yaml_line("run.rolouts", int64_t{3}), "did you mean run.rollouts?"));

  std::atomic<int> trials{0}, iterations{0}, ended{0};
  moto_ros2_control::Listener listener{
    [&](const std::string & record) { (record.rfind("{\"trial\"", 0) == 0 ? trials : iterations)++; }, [] {},
    [&](const std::string & why) {
      std::printf("%s\n", why.c_str());
      ended++;
    }};
  // Half as long strokes and trials would be learned from without a parameter: see the counts below.
  Core core({configuration, yaml_line("run.rollouts", int64_t{2}), folder, false, true}, listener);
  CHECK(core.is_ready() && core.joints() == std::vector<std::string>{"hinge"} && core.observed().empty());
  CHECK(core.period() == 1000000 && !core.observe(0, {1.0}, 0));
  Joint joint;
  CHECK(Core::first_without_number(joint.states) == 2 && Core::first_without_number(joint.commands) == 1);
  joint.states[1].is_number = false;
  CHECK(Core::first_without_number(joint.states) == 1);
  joint.states[1].is_number = true;
  while (trials < 2) {
    CHECK(joint.update(core));
  }
  // An effort that is not taken, and interfaces that are not those of the joints, are errors.
  joint.commands[0].taken = false;
  CHECK(!joint.update(core));
  joint.commands[0].taken = true;
  std::vector<State> fewer;
  fewer.emplace_back(0.1);
  CHECK(!core.update(joint.time, fewer, joint.commands) && joint.commands[0].value == 0.0);

  CHECK(Core::halt(joint.commands));
  core.end();
  CHECK(!core.is_ready());
  while (!core.is_ready()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  joint.states[1].value = 0.0;
  joint.next = std::chrono::steady_clock::now();
  while (ended == 0) {
    CHECK(joint.update(core));
  }
  CHECK(trials == 4 && iterations == 2 && !core.is_ready());
  CHECK(joint.update(core) && joint.commands[0].value == 0.0);
  // A state that cannot be read is no zero: without a run, the effort stays zero, and nothing fails.
  joint.states[0].value.reset();
  CHECK(core.update(joint.time + core.period(), joint.states, joint.commands));
}

}  // namespace

int main(int count, char ** arguments)
{
  if (count != 3) {
    return 2;
  }
  try {
    run(arguments[1], arguments[2]);
  } catch (const std::exception & error) {
    std::fprintf(stderr, "failed: %s\n", error.what());
    return 1;
  }
  std::printf("the core passes\n");
  return 0;
}
