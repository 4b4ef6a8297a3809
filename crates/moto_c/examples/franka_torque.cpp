// A Franka arm learns a stroke in its torque callback, at 1 kHz.
//
//   g++ -std=c++17 franka_torque.cpp -I ../include -L ../../../target/release -lmoto_controller -lfranka
//   ./a.out seven_joints.yaml my_run 172.16.0.2
//
// The configuration for the arm comes from `moto_controller init --urdf panda.urdf`. libfranka adds
// gravity and Coriolis forces by itself, so it says `robot.compensates: [gravity, coriolis]`.
#include <array>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "franka_stand_in.h" // with a robot: <franka/robot.h>
#include "moto_controller.h"

namespace {

std::string last_error(const moto_controller* controller) {
  std::array<char, 1000> text{};
  moto_last_error(controller, text.data(), text.size());
  return text.data();
}

using Controller = std::unique_ptr<moto_controller, decltype(&moto_close)>;

Controller open(const char* configuration, const char* run_folder) {
  moto_controller* controller = nullptr;
  if (moto_open(configuration, nullptr, run_folder, 0, &controller) != MOTO_OK) {
    throw std::runtime_error(last_error(nullptr));
  }
  return Controller(controller, &moto_close);
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 4) {
    std::cerr << "usage: franka_torque CONFIGURATION RUN_FOLDER ADDRESS\n";
    return 1;
  }
  const Controller controller = open(arguments[1], arguments[2]);
  franka::Robot robot(arguments[3]);
  if (moto_start(controller.get()) != MOTO_OK) {
    throw std::runtime_error(last_error(controller.get()));
  }
  moto_result result = MOTO_OK;
  robot.control([&](const franka::RobotState& state, franka::Duration) -> franka::Torques {
    std::array<double, 7> effort{};
    moto_state now{};
    now.time = state.time.toMSec() * 1000000;
    now.position = state.q.data();
    now.velocity = state.dq.data();
    now.joints = state.q.size();
    result = moto_cycle(controller.get(), &now, effort.data(), effort.size());
    const franka::Torques command(effort);
    return result == MOTO_OK || result == MOTO_SAFE_STATE ? command : franka::MotionFinished(command);
  });
  moto_stop(controller.get());  // Until all is stored.
  moto_status status{};
  moto_get_status(controller.get(), &status);
  std::cout << (status.complete ? "learned" : "ended") << " after " << status.trials << " trials "
            << last_error(controller.get()) << "\n";
  return status.complete ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
