#!/usr/bin/env bash
# The whole test run: format, lints, Rust tests, a minute of fuzzing, the outside witnesses in Python; then over ROS 2.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cargo fmt --check
cargo clippy --release --locked --all-targets -- --deny warnings
cargo test --release --locked --doc
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --release --locked
else
  cargo test --release --locked --all-targets
fi
scripts/fuzz.sh
.venv/bin/python -m pytest -q tests/python --ignore-glob='*/test_ros_*.py'

# The same over ROS 2: /opt/ros where there is one, else set up in .ros/.
ros_environment=$(scripts/setup_ros2.sh)
set +u # ROS's own set-up files use variables that may be unset.
source "$ros_environment"
set -u
scripts/setup_ros_tools.sh
cargo clippy --release --locked --features ros --lib --bins --bench ros_round_trip -- --deny warnings
ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST cargo test --release --locked --features ros --lib ros::
cargo build --release --locked --features ros
scripts/test_colcon.sh
.venv/bin/python -m pytest -q tests/python/test_ros_*.py
