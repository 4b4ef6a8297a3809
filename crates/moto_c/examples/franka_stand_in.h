// What the example needs of libfranka's types, so that it compiles and runs without a robot. With a
// robot, include <franka/robot.h> in its place. The robot here is seven separate joints.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace franka {

class Duration {
 public:
  explicit Duration(uint64_t milliseconds = 0) : milliseconds_(milliseconds) {}
  uint64_t toMSec() const { return milliseconds_; }

 private:
  uint64_t milliseconds_;
};

struct RobotState {
  std::array<double, 7> q{};
  std::array<double, 7> dq{};
  Duration time;
};

struct Torques {
  std::array<double, 7> tau_J{};
  bool motion_finished = false;
  Torques(const std::array<double, 7>& torques) : tau_J(torques) {}
};

inline Torques MotionFinished(Torques command) {
  command.motion_finished = true;
  return command;
}

class Robot {
 public:
  explicit Robot(const std::string&) {}

  void control(const std::function<Torques(const RobotState&, Duration)>& callback) {
    RobotState state;
    auto next = std::chrono::steady_clock::now();
    for (uint64_t time = 0;; time++) {
      state.time = Duration(time);
      const Torques command = callback(state, Duration(time == 0 ? 0 : 1));
      if (command.motion_finished) {
        return;
      }
      for (std::size_t joint = 0; joint < 7; joint++) {
        state.dq[joint] += 1e-3 * (command.tau_J[joint] - 0.05 * state.dq[joint]) / 0.1;
        state.q[joint] += 1e-3 * state.dq[joint];
      }
      next += std::chrono::milliseconds(1);
      std::this_thread::sleep_until(next);
    }
  }
};

}  // namespace franka
