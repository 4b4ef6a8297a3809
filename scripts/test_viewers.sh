#!/usr/bin/env bash
# Checks that Rerun's own viewer draws a trial: arm, ball and table, through config/rerun_trial.py. Without a screen and without a
# graphics card: Vulkan is computed by Debian's mesa-vulkan-drivers. Downloads 170 MB into a folder of its own in target/, which is why
# it is no part of the test run.
set -euo pipefail
cd "$(dirname "$0")/.."

ls /usr/share/vulkan/icd.d/*lvp*.json >/dev/null 2>&1 || {
  echo "error: no software Vulkan; install it: sudo apt-get install mesa-vulkan-drivers libvulkan1" >&2
  exit 1
}
place=target/viewers
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check rerun-sdk==0.41.0 mcap==1.6.0 mcap-ros2-support==0.6.0 pillow==13.0.0
cargo build --release --locked
rm -rf "$place/run"
target/release/moto_controller dry-run --iterations 1 --rollouts 2 --realtime-strokes 0 --out "$place/run" >/dev/null
"$place/venv/bin/python" scripts/test_viewers.py "$place"
