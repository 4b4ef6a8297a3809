// The controller for ros2_control.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller_interface/controller_interface.hpp"
#include "moto_ros2_control/core.hpp"
#include "rclcpp_lifecycle/state.hpp"
#include "std_msgs/msg/empty.hpp"
#include "std_msgs/msg/string.hpp"
#include "std_srvs/srv/trigger.hpp"

namespace moto_ros2_control
{

/// Learns strokes on the robot from within the controller manager. Command interface: effort. State
/// interfaces: position, velocity. The joints are those of the configuration.
class MotoController : public controller_interface::ControllerInterface
{
public:
  controller_interface::CallbackReturn on_init() override;
  controller_interface::InterfaceConfiguration command_interface_configuration() const override;
  controller_interface::InterfaceConfiguration state_interface_configuration() const override;
  controller_interface::CallbackReturn on_configure(const rclcpp_lifecycle::State & previous) override;
  controller_interface::CallbackReturn on_activate(const rclcpp_lifecycle::State & previous) override;
  controller_interface::CallbackReturn on_deactivate(const rclcpp_lifecycle::State & previous) override;
  controller_interface::CallbackReturn on_cleanup(const rclcpp_lifecycle::State & previous) override;
  controller_interface::CallbackReturn on_shutdown(const rclcpp_lifecycle::State & previous) override;
  controller_interface::CallbackReturn on_error(const rclcpp_lifecycle::State & previous) override;
  controller_interface::return_type update(const rclcpp::Time & time, const rclcpp::Duration & period) override;

private:
  void subscribe();
  void serve();
  void close();

  std::shared_ptr<Core> core_;  // The callbacks share it.
  std::shared_ptr<rclcpp::Publisher<std_msgs::msg::String>> trial_, iteration_;
  std::shared_ptr<rclcpp::Publisher<std_msgs::msg::Empty>> start_task_;
  std::vector<std::shared_ptr<rclcpp::SubscriptionBase>> subscriptions_;
  std::vector<std::shared_ptr<rclcpp::Service<std_srvs::srv::Trigger>>> services_;
};

}  // namespace moto_ros2_control
