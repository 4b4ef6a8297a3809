// Values of parameters as YAML, which the library reads.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace moto_ros2_control
{

inline std::string yaml(bool value) { return value ? "true" : "false"; }

inline std::string yaml(int64_t value) { return std::to_string(value); }

/// Every bit of the value is kept.
inline std::string yaml(double value)
{
  if (std::isnan(value)) {
    return ".nan";
  }
  if (std::isinf(value)) {
    return value > 0 ? ".inf" : "-.inf";
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  const std::string written = text;
  return written.find_first_of(".e") == std::string::npos ? written + ".0" : written;
}

inline std::string yaml(const std::string & value)
{
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
    }
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text + '"';
}

template <class T>
std::string yaml(const std::vector<T> & values)
{
  std::string text = "[";
  for (const T & value : values) {
    text += (text.size() > 1 ? ", " : "") + yaml(value);
  }
  return text + "]";
}

/// A line for a parameter.
template <class T>
std::string yaml_line(const std::string & name, const T & value)
{
  return yaml(name) + ": " + yaml(value) + "\n";
}

/// Whether a parameter of the controller is one of the configuration. Others are ros2_control's, e.g.
/// `async_parameters.thread_priority`.
inline bool is_of_the_configuration(const std::string & name)
{
  const std::string first = name.substr(0, name.find('.'));
  for (const char * group : {"robot", "control", "task", "learner", "judge", "run"}) {
    if (first == group) {
      return true;
    }
  }
  return false;
}

}  // namespace moto_ros2_control
