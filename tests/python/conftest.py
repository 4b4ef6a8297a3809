"""Tests over ROS need a sourced ROS 2 (`source "$(scripts/setup_ros2.sh)"`); the others do without."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("rclpy") else ["test_ros_*.py"]
