#include "moto_ros2_control/core.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace moto_ros2_control
{
namespace
{
/// Time between two looks of the core's thread.
constexpr std::chrono::milliseconds LOOK{5};
/// Time between two tries to pass an observation on. The cycle holds the lock for less.
constexpr std::chrono::microseconds TRY{20};
}  // namespace

std::string last_error(const moto_controller * controller)
{
  std::string text(moto_last_error(controller, nullptr, 0) + 1, '\0');
  text.resize(std::min(moto_last_error(controller, text.data(), text.size()), text.size() - 1));
  return text;
}

Core::Core(const Settings & settings, Listener listener) : listener_(std::move(listener))
{
  uint32_t flags = 0;
  flags |= settings.resume ? MOTO_RESUME : 0u;
  flags |= settings.reset_faults ? MOTO_RESET_FAULTS : 0u;
  const char * folder = settings.run_folder.empty() ? nullptr : settings.run_folder.c_str();
  if (moto_open(settings.configuration.c_str(), settings.parameters.c_str(), folder, flags, &controller_) != MOTO_OK) {
    throw std::runtime_error(last_error(nullptr));
  }
  for (std::size_t joint = 0; joint < moto_joints(controller_); joint++) {
    joints_.emplace_back(moto_joint_name(controller_, joint));
  }
  moto_observed one;
  std::size_t numbers = 0;
  for (std::size_t index = 0; moto_observed_value(controller_, index, &one); index++) {
    observed_.push_back({one.name, one.form, one.numbers});
    numbers += one.numbers;
  }
  position_.resize(joints_.size());
  velocity_.resize(joints_.size());
  effort_.resize(joints_.size());
  // What never came must not look like zeros.
  newest_.assign(numbers, std::numeric_limits<double>::quiet_NaN());
  used_ = newest_;
  newest_times_.assign(observed_.size(), 0);
  if (moto_start(controller_) != MOTO_OK) {
    const std::string why = last_error(controller_);
    moto_close(controller_);
    throw std::runtime_error(why);
  }
  ready_ = true;
  keeper_ = std::thread([this] { keep(); });
}

Core::~Core()
{
  over_ = true;
  keeper_.join();
  moto_close(controller_);
}

bool Core::observe(std::size_t index, const std::vector<double> & numbers, uint64_t time)
{
  if (index >= observed_.size() || numbers.size() != observed_[index].numbers) {
    return false;
  }
  std::size_t begin = 0;
  for (std::size_t before = 0; before < index; before++) {
    begin += observed_[before].numbers;
  }
  // Nobody waits for this lock, so that the thread of the cycles has nobody to wake when it gives it back.
  std::unique_lock<std::mutex> held(observing_, std::try_to_lock);
  while (!held) {
    std::this_thread::sleep_for(TRY);
    held.try_lock();
  }
  std::copy(numbers.begin(), numbers.end(), newest_.begin() + static_cast<std::ptrdiff_t>(begin));
  newest_times_[index] = time;
  return true;
}

void Core::take_observed()
{
  const std::unique_lock<std::mutex> held(observing_, std::try_to_lock);
  if (held && !newest_times_.empty()) {
    std::copy(newest_.begin(), newest_.end(), used_.begin());
    used_time_ = *std::min_element(newest_times_.begin(), newest_times_.end());
  }
}

bool Core::cycle(uint64_t time)
{
  take_observed();
  moto_state state{};
  state.time = time;
  state.position = position_.data();
  state.velocity = velocity_.data();
  state.joints = joints_.size();
  state.observed = used_.data();
  state.observed_numbers = used_.size();
  state.observed_time = used_time_;
  const moto_result result = moto_cycle(controller_, &state, effort_.data(), effort_.size());
  moto_request request;
  while (moto_next_request(controller_, &request)) {
    if (request.kind == MOTO_START_TASK) {
      tasks_++;
    }
  }
  return result >= MOTO_OK;
}

void Core::end()
{
  ready_ = false;
  ending_ = true;
}

void Core::restart()
{
  if (moto_stop(controller_) != MOTO_OK || moto_start(controller_) != MOTO_OK) {
    listener_.error(last_error(controller_));
  } else {
    ready_ = true;
  }
}

void Core::look_after()
{
  moto_status status;
  if (ready_ && moto_get_status(controller_, &status) == MOTO_OK && !status.running) {
    ready_ = false;
    listener_.error(status.complete ? "all iterations are done" : last_error(controller_));
  }
}

void Core::keep()
{
  std::vector<char> buffer(1 << 20);
  for (bool last = false; !last;) {
    last = over_;
    if (ending_.exchange(false)) {
      restart();
    }
    look_after();
    for (uint64_t tasks = tasks_.exchange(0); tasks > 0; tasks--) {
      listener_.start_task();
    }
    while (const std::size_t length = moto_next_record(controller_, buffer.data(), buffer.size())) {
      if (length >= buffer.size()) {
        buffer.resize(length + 1);
      } else {
        listener_.record(std::string(buffer.data(), length));
      }
    }
    std::this_thread::sleep_for(LOOK);
  }
}

}  // namespace moto_ros2_control
