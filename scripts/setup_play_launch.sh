#!/usr/bin/env bash
# A program that runs ROS 2 launch files where there is no `ros2 launch`: play_launch from PyPI, fitted to the prefix that
# setup_ros2.sh makes. For the tests; source that prefix first. Prints the program's path. Safe to run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${ROS_PREFIX:?source \"\$(scripts/setup_ros2.sh)\" first; with a ROS 2 under /opt/ros use ros2 launch}"

version=0.16.0
hash=sha256:361453b15c5cb85e3abda3fa82203c42a474848d7bbc4966e17f5f0f35d5e4f8
home=$PWD/.ros/play_launch
program=$home/play_launch/bin/play_launch
if [ "$(cat "$home/state" 2>/dev/null)" = "$version $home" ]; then
  echo "$program"
  exit 0
fi
python=$ROS_PREFIX/bin/python
library=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("INSTSONAME") or "")')
case $library in
  libpython*.so.*) ;;
  *) library=$("$python" -c 'import sys; print("libpython{0}.{1}.so.1.0".format(*sys.version_info))') ;;
esac

make_home() {
  rm -rf "$home"
  mkdir -p "$home"
  echo "play_launch==$version --hash=$hash" >"$home/requirements.txt"
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
    --target "$home" -r "$home/requirements.txt"
  chmod +x "$home"/play_launch/bin/*
  # The wheel was built for another Python, and for a message package the prefix lacks and no launch file of ours needs.
  "$ROS_PREFIX/bin/patchelf" --replace-needed libpython3.10.so.1.0 "$library" "$program"
  local part symbols
  for part in generator_c typesupport_c; do
    symbols=$(nm -D --undefined-only "$program" | grep -o 'composition_interfaces__.*\|rosidl_typesupport_c__.*__composition_interfaces__.*' | sort -u)
    [ "$part" = generator_c ] && symbols=$(grep -v '^rosidl_typesupport' <<<"$symbols" || true) || symbols=$(grep '^rosidl_typesupport' <<<"$symbols" || true)
    sed 's/.*/void *&(void) { return 0; }/' <<<"$symbols" | grep -v '^void \*(' | \
      gcc -shared -fPIC -x c -o "$home/play_launch/lib/libcomposition_interfaces__rosidl_$part.so" -
  done
  echo "$version $home" >"$home/state"
}

scripts/setup_ros_tools.sh
make_home >&2
echo "$program"
