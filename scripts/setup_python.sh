#!/usr/bin/env bash
# The Python environment of the tests in .venv: the outside witnesses (Pinocchio, MuJoCo, NumPy, MushroomRL, the MCAP reader). The
# daemon itself needs none of it. Safe to run again; does nothing when all is in place.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=tests/python/requirements.txt
# Installed without what they depend on: gigabytes, PyTorch above all, of which the tests call nothing.
alone=tests/python/requirements-alone.txt
if ! cat "$requirements" "$alone" | cmp -s - .venv/installed.txt; then
  python3 -m venv .venv || { echo "error: python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
  .venv/bin/pip install --quiet --disable-pip-version-check -r "$requirements"
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r "$alone"
  cat "$requirements" "$alone" >.venv/installed.txt
fi
