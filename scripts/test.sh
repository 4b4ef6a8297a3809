#!/usr/bin/env bash
# The whole test run: format, lints, Rust tests, a minute of fuzzing, the outside witnesses in Python; then over ROS 2. All of it in
# the profile dev (optimised, with overflow checks), and with dev-dependencies counted in, so that dependencies are built once.
# Examples are checked by clippy and run by tests/examples.rs: they need no programs of their own, but those that Python calls, which
# it builds.
set -euo pipefail
cd "$(dirname "$0")/.."
# From nothing, Rust translates this package twice as fast when it keeps nothing for the next time.
export CARGO_INCREMENTAL=0

# Says what comes next, and when.
part() { printf '\n==> %dm%02ds: %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$1"; }

part "setting up Python and a browser"
scripts/setup_python.sh
scripts/setup_browser.sh
part "format and lints"
cargo fmt --check
cargo clippy --locked --workspace --all-targets -- --deny warnings
part "what a release needs"
scripts/check_release.sh
part "examples in the documentation"
cargo test --locked --workspace --doc
part "Rust tests"
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --locked --workspace --tests
else
  cargo test --locked --workspace --tests
fi
part "fuzzing"
scripts/fuzz.sh
part "outside witnesses in Python"
.venv/bin/python -m pytest -q tests/python --ignore-glob='*/test_ros_*.py'
part "Slurm and Ray, where they are installed (docs/cluster.md#the-test)"
cluster=()
if command -v slurmctld >/dev/null && command -v munged >/dev/null; then cluster+=(slurm); fi
if [ -d target/cluster/venv ]; then cluster+=(ray); fi
if [ ${#cluster[@]} -gt 0 ]; then scripts/test_cluster.sh "${cluster[@]}"; fi
echo "run: ${cluster[*]:-neither of them}"

# The same over ROS 2: /opt/ros where there is one, else set up in .ros/.
part "setting up ROS 2"
ros_environment=$(scripts/setup_ros2.sh)
set +u # ROS's own set-up files use variables that may be unset.
source "$ros_environment"
set -u
scripts/setup_ros_tools.sh
part "lints and unit tests over ROS 2"
cargo clippy --locked --features ros --lib --bins --bench ros_round_trip -- --deny warnings
ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST cargo test --locked --features ros --lib ros::
part "colcon"
# Where an example is built, cargo counts in what dev-dependencies ask of the others, as in all builds before this one. Without,
# nearly all dependencies would be built a second time.
cargo build --locked --features ros --bin moto_controller --example write_trial
scripts/test_colcon.sh
if ls -d ${AMENT_PREFIX_PATH//:/ }/include/controller_interface >/dev/null 2>&1; then
  scripts/check_ros2_control.sh
fi
part "tests over ROS 2 in Python"
# Two at a time: they wait for processes more than they compute, and each has a domain of its own.
.venv/bin/python -m pytest -q -n 2 --dist loadfile tests/python/test_ros_*.py
