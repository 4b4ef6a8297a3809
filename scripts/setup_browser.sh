#!/usr/bin/env bash
# Debian's Chromium with its driver, in which the tests open the report. Installs them where it may (as root, or with a sudo that asks
# nothing). Elsewhere it says in one line that those tests are left out. Safe to run again.
set -euo pipefail

left_out() {
  echo "the report is not tested in a browser: $1" >&2
  exit 0
}
command -v chromium >/dev/null && command -v chromedriver >/dev/null && exit 0
command -v apt-get >/dev/null || left_out "no chromium and chromedriver, and no apt-get to install them"
if [ "$(id -u)" = 0 ]; then
  as_root=(env DEBIAN_FRONTEND=noninteractive)
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
  left_out "run sudo apt-get install chromium chromium-driver fonts-dejavu-core"
fi
install=(apt-get install -y --no-install-recommends chromium chromium-driver fonts-dejavu-core)
{ "${as_root[@]}" apt-get update -qq && "${as_root[@]}" "${install[@]}"; } >/dev/null || left_out "apt-get could not install chromium"
