#!/usr/bin/env bash
# Compiles the controller for ros2_control against true headers, with every warning an error. Nothing is linked or run: no controller
# manager is needed, only the headers.
#
#     scripts/check_ros2_control.sh [FOLDER...]
#
# Each folder is an installed prefix or a tree of sources with headers in it. Without one: those of AMENT_PREFIX_PATH, else
# /opt/ros/jazzy.
set -euo pipefail
cd "$(dirname "$0")/.."
package=ros2_control/moto_ros2_control

if [ $# -gt 0 ]; then
  folders=("$@")
else
  IFS=: read -ra folders <<<"${AMENT_PREFIX_PATH:-/opt/ros/jazzy}"
fi
for folder in "${folders[@]}"; do
  [ -d "$folder" ] || { echo "error: $folder is no folder; give the prefix of a ROS 2 with ros2_control, e.g. /opt/ros/jazzy" >&2; exit 1; }
done

# An installed package has its headers in include/NAME/NAME, a source in include/NAME.
headers=()
while IFS= read -r include; do
  headers+=("$include")
  for inner in "$include"/*/; do
    [ ! -d "$inner$(basename "$inner")" ] || headers+=("${inner%/}")
  done
done < <(find -L "${folders[@]}" -maxdepth 4 -type d -name include -not -path '*/include/*' | sort)

missing=0
miss() {
  echo "missing: $1, of the package ${1%%/*} ($2); on Ubuntu: apt-get install ros-jazzy-$(tr _ - <<<"${1%%/*}")" >&2
  missing=1
}
while IFS= read -r header; do
  found=0
  for folder in "${headers[@]}"; do
    [ ! -f "$folder/$header" ] || { found=1; break; }
  done
  [ $found = 1 ] || miss "$header" "included by $package"
done < <(sed -n 's/^#include "\([a-z0-9_]*\/.*\)"/\1/p' $package/src/*.cpp $package/include/*/*.hpp | grep -v '^moto_ros2_control/' | sort -u)
[ $missing = 0 ] || { echo "error: not compiled; looked in ${folders[*]}" >&2; exit 1; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
for source in $package/src/*.cpp; do
  if ! "${CXX:-c++}" -std=c++17 -Wall -Wextra -Wconversion -Werror -c "$source" -o "$place/$(basename "$source").o" \
    -I $package/include -I crates/moto_c/include "${headers[@]/#/-isystem}" 2>"$place/said"; then
    cat "$place/said" >&2
    while IFS= read -r header; do
      miss "$header" "included by another header"
    done < <(sed -n 's/.*fatal error: \(.*\): No such file or directory/\1/p' "$place/said")
    echo "error: $source does not compile against ${folders[*]}" >&2
    exit 1
  fi
  echo "compiled: $source"
done
