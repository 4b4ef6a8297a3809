#!/usr/bin/env bash
# The Debian packages that the tests over ROS need: check_urdf, sdformat's checker, and libraries of play_launch. Installs what is
# missing where it may (as root, or with a sudo that asks nothing); elsewhere it says which command to run. Safe to run again.
set -euo pipefail

missing=()
command -v check_urdf >/dev/null || missing+=(liburdfdom-tools)
command -v gz >/dev/null || command -v ign >/dev/null || missing+=(sdformat-sdf ignition-tools libsdformat-dev)
if [ -n "${ROS_PREFIX:-}" ]; then
  libraries=$(/sbin/ldconfig -p)
  grep -q 'libz3\.so\.4 ' <<<"$libraries" || missing+=(libz3-4)
  python=$("$ROS_PREFIX/bin/python" -c 'import sys; print("libpython{0}.{1}".format(*sys.version_info))')
  grep -q "$python\.so\.1\.0 " <<<"$libraries" || missing+=("$python")
fi
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null; then
  echo "error: the tests over ROS need what Debian has in these packages: ${missing[*]}" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=(env DEBIAN_FRONTEND=noninteractive)
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
  echo "error: the tests over ROS need further packages; run: sudo ${install[*]}" >&2
  exit 1
fi
{ "${as_root[@]}" apt-get update -qq && "${as_root[@]}" "${install[@]}"; } >&2 || {
  echo "error: apt-get could not install ${missing[*]}" >&2
  exit 1
}
