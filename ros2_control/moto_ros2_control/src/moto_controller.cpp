#include "moto_ros2_control/moto_controller.hpp"

#include <cmath>
#include <exception>
#include <utility>

#include "geometry_msgs/msg/pose_stamped.hpp"
#include "nav_msgs/msg/odometry.hpp"
#include "pluginlib/class_list_macros.hpp"
#include "std_msgs/msg/float64_multi_array.hpp"

#include "moto_ros2_control/yaml.hpp"

namespace moto_ros2_control
{

using controller_interface::CallbackReturn;
using controller_interface::InterfaceConfiguration;
using controller_interface::interface_configuration_type;
using controller_interface::return_type;

namespace
{

/// Largest deviation of the controller manager's period from the configuration's, as a share.
constexpr double TOLERANCE = 0.01;

uint64_t nanoseconds(const rclcpp::Time & time)
{
  return static_cast<uint64_t>(time.nanoseconds());
}

/// Position and velocity in the world. An odometry's velocity is in the body's frame (REP 105). A body
/// without an orientation is aligned with the world.
std::vector<double> in_the_world(const nav_msgs::msg::Odometry & message)
{
  const auto & p = message.pose.pose.position;
  const auto & v = message.twist.twist.linear;
  const auto & o = message.pose.pose.orientation;
  const double norm = o.x * o.x + o.y * o.y + o.z * o.z + o.w * o.w;
  if (norm < 1e-12) {
    return {p.x, p.y, p.z, v.x, v.y, v.z};
  }
  const double s = 2.0 / norm;
  return {
    p.x, p.y, p.z,
    v.x + s * (-(o.y * o.y + o.z * o.z) * v.x + (o.x * o.y - o.w * o.z) * v.y + (o.x * o.z + o.w * o.y) * v.z),
    v.y + s * ((o.x * o.y + o.w * o.z) * v.x - (o.x * o.x + o.z * o.z) * v.y + (o.y * o.z - o.w * o.x) * v.z),
    v.z + s * ((o.x * o.z - o.w * o.y) * v.x + (o.y * o.z + o.w * o.x) * v.y - (o.x * o.x + o.y * o.y) * v.z)};
}

std::string line(const std::string & name, const rclcpp::ParameterValue & value)
{
  switch (value.get_type()) {
    case rclcpp::ParameterType::PARAMETER_BOOL:
      return yaml_line(name, value.get<bool>());
    case rclcpp::ParameterType::PARAMETER_INTEGER:
      return yaml_line(name, value.get<int64_t>());
    case rclcpp::ParameterType::PARAMETER_DOUBLE:
      return yaml_line(name, value.get<double>());
    case rclcpp::ParameterType::PARAMETER_STRING:
      return yaml_line(name, value.get<std::string>());
    case rclcpp::ParameterType::PARAMETER_INTEGER_ARRAY:
      return yaml_line(name, value.get<std::vector<int64_t>>());
    case rclcpp::ParameterType::PARAMETER_DOUBLE_ARRAY:
      return yaml_line(name, value.get<std::vector<double>>());
    case rclcpp::ParameterType::PARAMETER_STRING_ARRAY:
      return yaml_line(name, value.get<std::vector<std::string>>());
    default:  // Nothing, or lists of bytes and of truths, which no parameter is: refused with its name.
      return yaml_line(name, rclcpp::to_string(value));
  }
}

/// The parameters of the configuration that were given to the controller.
std::string configuration_parameters(rclcpp::node_interfaces::NodeParametersInterface & node)
{
  std::string lines;
  for (const auto & [name, value] : node.get_parameter_overrides()) {
    if (is_of_the_configuration(name)) {
      lines += line(name, value);
    }
  }
  return lines;
}

bool is_trial(const std::string & record) { return record.rfind("{\"trial\"", 0) == 0; }

}  // namespace

CallbackReturn MotoController::on_init()
{
  auto_declare<std::string>("configuration", "");
  auto_declare<std::string>("run_folder", "");
  auto_declare<bool>("resume", false);
  auto_declare<bool>("reset_faults", false);
  return CallbackReturn::SUCCESS;
}

InterfaceConfiguration MotoController::command_interface_configuration() const
{
  InterfaceConfiguration wanted{interface_configuration_type::INDIVIDUAL, {}};
  if (core_) {
    for (const auto & joint : core_->joints()) {
      wanted.names.push_back(joint + "/effort");
    }
  }
  return wanted;
}

InterfaceConfiguration MotoController::state_interface_configuration() const
{
  InterfaceConfiguration wanted{interface_configuration_type::INDIVIDUAL, {}};
  if (core_) {
    for (const auto & joint : core_->joints()) {
      wanted.names.push_back(joint + "/position");
      wanted.names.push_back(joint + "/velocity");
    }
  }
  return wanted;
}

CallbackReturn MotoController::on_configure(const rclcpp_lifecycle::State &)
{
  const auto node = get_node();
  const Settings settings{
    node->get_parameter("configuration").as_string(),
    configuration_parameters(*node->get_node_parameters_interface()),
    node->get_parameter("run_folder").as_string(),
    node->get_parameter("resume").as_bool(), node->get_parameter("reset_faults").as_bool()};
  const auto kept = rclcpp::QoS(100).reliable().transient_local();
  trial_ = node->create_publisher<std_msgs::msg::String>("~/trial", kept);
  iteration_ = node->create_publisher<std_msgs::msg::String>("~/iteration", kept);
  start_task_ = node->create_publisher<std_msgs::msg::Empty>("~/start_task", rclcpp::QoS(1).reliable());
  const auto logger = node->get_logger();
  Listener listener{
    [this](const std::string & record) {
      std_msgs::msg::String message;
      message.data = record;
      (is_trial(record) ? trial_ : iteration_)->publish(message);
    },
    [this] { start_task_->publish(std_msgs::msg::Empty()); },
    [logger](const std::string & why) { RCLCPP_WARN(logger, "the run ended: %s", why.c_str()); }};
  try {
    core_ = std::make_shared<Core>(settings, std::move(listener));
  } catch (const std::exception & error) {
    RCLCPP_ERROR(logger, "not configured: %s", error.what());
    return CallbackReturn::FAILURE;
  }
  const double period = 1e-9 * static_cast<double>(core_->period());
  const double rate = get_update_rate();
  if (rate > 0 && std::abs(period * rate - 1.0) > TOLERANCE) {
    RCLCPP_ERROR(
      logger, "the controller manager updates at %.0f Hz, control.period of %s is %.6f s: make it %.6f s", rate,
      settings.configuration.c_str(), period, 1.0 / rate);
    close();
    return CallbackReturn::FAILURE;
  }
  subscribe();
  serve();
  return CallbackReturn::SUCCESS;
}

void MotoController::subscribe()
{
  const auto node = get_node();
  const auto qos = rclcpp::SensorDataQoS().keep_last(1);
  for (std::size_t index = 0; index < core_->observed().size(); index++) {
    const Observed & one = core_->observed()[index];
    const std::string topic = "~/" + one.name;
    if (one.form == MOTO_ODOMETRY) {
      subscriptions_.push_back(node->create_subscription<nav_msgs::msg::Odometry>(
        topic, qos, [core = core_, index](const nav_msgs::msg::Odometry & message) {
          core->observe(index, in_the_world(message), nanoseconds(message.header.stamp));
        }));
    } else if (one.form == MOTO_POSITION) {
      subscriptions_.push_back(node->create_subscription<geometry_msgs::msg::PoseStamped>(
        topic, qos, [core = core_, index](const geometry_msgs::msg::PoseStamped & message) {
          const auto & p = message.pose.position;
          core->observe(index, {p.x, p.y, p.z}, nanoseconds(message.header.stamp));
        }));
    } else {
      subscriptions_.push_back(node->create_subscription<std_msgs::msg::Float64MultiArray>(
        topic, qos, [core = core_, index, clock = node->get_clock()](const std_msgs::msg::Float64MultiArray & message) {
          // The message has no stamp: the time of its receipt stands for it.
          core->observe(index, message.data, nanoseconds(clock->now()));
        }));
    }
  }
}

void MotoController::serve()
{
  using Call = moto_result (*)(moto_controller *);
  const std::pair<const char *, Call> offered[] = {
    {"~/trigger", moto_trigger}, {"~/mark_failed", moto_mark_failed}, {"~/pause", moto_pause},
    {"~/resume", moto_resume},   {"~/stop", moto_stop_robot},         {"~/reset_fault", moto_reset_fault},
    {"~/evaluate", moto_evaluate}, {"~/save", moto_save}};
  for (const auto & one : offered) {
    const Call call = one.second;
    services_.push_back(get_node()->create_service<std_srvs::srv::Trigger>(
      one.first, [core = core_, call](
                   const std::shared_ptr<std_srvs::srv::Trigger::Request>,
                   std::shared_ptr<std_srvs::srv::Trigger::Response> answer) {
        const moto_result result = core->order(call);
        answer->success = result == MOTO_OK;
        answer->message = moto_result_name(result);
      }));
  }
}

CallbackReturn MotoController::on_activate(const rclcpp_lifecycle::State &)
{
  // Runs in the real-time thread: nothing is opened or started here.
  if (!core_->is_ready()) {
    RCLCPP_ERROR(get_node()->get_logger(), "not activated: the run is being stored, is complete, or ended");
    return CallbackReturn::FAILURE;
  }
  const auto states = state_interface_configuration().names;
  const auto commands = command_interface_configuration().names;
  bool in_order = states.size() == state_interfaces_.size() && commands.size() == command_interfaces_.size();
  for (std::size_t index = 0; in_order && index < states.size(); index++) {
    in_order = state_interfaces_[index].get_name() == states[index];
  }
  for (std::size_t index = 0; in_order && index < commands.size(); index++) {
    in_order = command_interfaces_[index].get_name() == commands[index];
  }
  if (!in_order) {
    RCLCPP_ERROR(get_node()->get_logger(), "the interfaces are not those of the joints, in their order");
    return CallbackReturn::ERROR;
  }
  const std::size_t state = Core::first_without_number(state_interfaces_);
  const std::size_t command = Core::first_without_number(command_interfaces_);
  if (state < states.size() || command < commands.size()) {
    RCLCPP_ERROR(
      get_node()->get_logger(), "%s is no number: its data_type in the robot description must be double",
      (state < states.size() ? states[state] : commands[command]).c_str());
    return CallbackReturn::FAILURE;
  }
  return CallbackReturn::SUCCESS;
}

return_type MotoController::update(const rclcpp::Time & time, const rclcpp::Duration &)
{
  return core_->update(nanoseconds(time), state_interfaces_, command_interfaces_) ? return_type::OK
                                                                                  : return_type::ERROR;
}

CallbackReturn MotoController::on_deactivate(const rclcpp_lifecycle::State &)
{
  const bool taken = Core::halt(command_interfaces_);
  core_->end();
  return taken ? CallbackReturn::SUCCESS : CallbackReturn::ERROR;
}

void MotoController::close()
{
  services_.clear();
  subscriptions_.clear();
  core_.reset();
}

CallbackReturn MotoController::on_cleanup(const rclcpp_lifecycle::State &)
{
  close();
  return CallbackReturn::SUCCESS;
}

CallbackReturn MotoController::on_shutdown(const rclcpp_lifecycle::State &)
{
  close();
  return CallbackReturn::SUCCESS;
}

CallbackReturn MotoController::on_error(const rclcpp_lifecycle::State &)
{
  Core::halt(command_interfaces_);
  close();
  return CallbackReturn::SUCCESS;
}

}  // namespace moto_ros2_control

PLUGINLIB_EXPORT_CLASS(moto_ros2_control::MotoController, controller_interface::ControllerInterface)
