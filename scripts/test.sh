#!/usr/bin/env bash
# The whole test run: format, lints, Rust tests, a minute of fuzzing, the outside witnesses in Python; then over ROS 2. All of it in
# the profile dev (optimised, with overflow checks), so that dependencies are built once. Examples are checked by clippy and run by
# tests/examples.rs: they need no programs of their own, but those that Python calls, which it builds.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup_python.sh
scripts/setup_browser.sh
cargo fmt --check
cargo clippy --locked --workspace --all-targets -- --deny warnings
scripts/check_release.sh
cargo test --locked --workspace --doc
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --locked --workspace --tests
else
  cargo test --locked --workspace --tests
fi
scripts/fuzz.sh
.venv/bin/python -m pytest -q tests/python --ignore-glob='*/test_ros_*.py'
if command -v slurmctld >/dev/null && command -v munged >/dev/null; then
  scripts/test_cluster.sh
fi

# The same over ROS 2: /opt/ros where there is one, else set up in .ros/.
ros_environment=$(scripts/setup_ros2.sh)
set +u # ROS's own set-up files use variables that may be unset.
source "$ros_environment"
set -u
scripts/setup_ros_tools.sh
cargo clippy --locked --features ros --lib --bins --bench ros_round_trip -- --deny warnings
ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST cargo test --locked --features ros --lib ros::
cargo build --locked --features ros
scripts/test_colcon.sh
if ls -d ${AMENT_PREFIX_PATH//:/ }/include/controller_interface >/dev/null 2>&1; then
  scripts/check_ros2_control.sh
fi
.venv/bin/python -m pytest -q tests/python/test_ros_*.py
