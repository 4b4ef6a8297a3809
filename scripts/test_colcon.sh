#!/usr/bin/env bash
# Builds and installs the package with colcon, as a ROS 2 user does, and starts the node from the install.
#   source "$(scripts/setup_ros2.sh)" first
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${AMENT_PREFIX_PATH:?source \"\$(scripts/setup_ros2.sh)\" first}"

tools=$PWD/target/colcon/tools workspace=$PWD/target/colcon/workspace
packages="colcon-core==0.20.1 colcon-cargo==0.2.0 colcon-ros-cargo==0.2.0 colcon-ros==0.5.0 cargo-ament-build==0.1.11 colcon-recursive-crawl==0.2.3
  colcon-package-selection==0.2.10 colcon-output==0.2.15 colcon-defaults==0.2.9 colcon-bash==0.5.0 colcon-library-path==0.2.1
  colcon-test-result==0.3.8 colcon-cmake==0.2.30 PyYAML==6.0.3"
if [ "$(cat "$tools/installed" 2>/dev/null)" != "$packages" ]; then
  env -u PYTHONPATH python3 -m venv "$tools"
  # shellcheck disable=SC2086
  env -u PYTHONPATH "$tools/bin/pip" install --quiet --disable-pip-version-check $packages
  echo "$packages" >"$tools/installed"
fi

# colcon writes .cargo/config.toml into the folder it is run in: never this one.
rm -rf "$workspace"
mkdir -p "$workspace/src" "$workspace/build"
ln -s "$PWD" "$workspace/src/moto_controller"
# What was built before need not be built again.
ln -s "$PWD/target" "$workspace/build/moto_controller"
(
  cd "$workspace"
  export PATH=$tools/bin:$PATH
  # In the profile of the tests and with an example, as scripts/test.sh has built it; users say --release.
  env -u PYTHONPATH colcon build --packages-select moto_controller --cargo-args --features ros --bin moto_controller --example write_trial
)

# From the install, in a folder that has nothing of the repository.
set +u
source "$workspace/install/local_setup.bash"
set -u
program=$workspace/install/moto_controller/lib/moto_controller/moto_controller
folder=$(mktemp -d)
trap 'kill $robot 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST ROS_DOMAIN_ID=${ROS_DOMAIN_ID:-99}
"$program" simulate --ros-args -p ros.clock:=lockstep &
robot=$!
"$program" run --ros-args -r '~/ball:=simulated_arm/ball' -p ros.clock:=lockstep -p ros.autostart:=true \
  -p ros.exit_when_done:=true -p ros.serve_service:=simulated_arm/serve -p ros.run_folder:=run \
  -p run.iterations:=1 -p run.rollouts:=3 -p run.realtime_strokes:=1
[ "$(find run/trials -name '*.mcap' | wc -l)" = 4 ]
echo "colcon: built, installed, and run from the install"
