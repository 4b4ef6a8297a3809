//! Everything that knows ROS 2.
