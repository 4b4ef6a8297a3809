#!/usr/bin/env bash
# Times a joint state's way to its command in one run: by a call in the robot's thread, over UDP, and over DDS beside a bare echo. The
# arm is the shipped one, at rest, at 500 Hz.
#
#     source "$(scripts/setup_ros2.sh)"
#     benches/state_to_command.sh
set -euo pipefail
cd "$(dirname "$0")/.."
: "${AMENT_PREFIX_PATH:?source \"\$(scripts/setup_ros2.sh)\" first}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo build --release --locked --package moto_controller_c
library=${CARGO_TARGET_DIR:-target}/release
# It waits in its start posture, and a stall of the machine is no fault.
sed -e "s#\.\./urdf#$PWD/urdf#" -e 's/trigger: at_once.*/trigger: operator\n      ready_timeout: 3600.0/' \
  -e 's/max_task_age: null/max_task_age: null, max_frozen_readings: null, max_consecutive_misses: 1000/' \
  config/stroke.yaml >"$folder/still.yaml"
cc -std=c11 -O2 -Wall -Wextra -Werror benches/state_to_command.c -I crates/moto_c/include -L "$library" -lmoto_controller -lm \
  -o "$folder/state_to_command"
echo "10000 joint states at 500 Hz, state to command [us]   p50     p99"
LD_LIBRARY_PATH="$library:$LD_LIBRARY_PATH" "$folder/state_to_command" "$folder/still.yaml" "$folder/run"
cargo bench --locked --features ros --bench ros_round_trip
