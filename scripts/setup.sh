#!/usr/bin/env bash
# Builds the program, and sets up the Python environment of the tests. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo >/dev/null; then
  echo "error: no cargo on PATH; install Rust 1.89 or newer: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2
  exit 1
fi
if ! command -v cc >/dev/null; then
  echo "error: no C compiler; install one, e.g. apt-get install build-essential" >&2
  exit 1
fi
scripts/setup_python.sh
cargo build --release --locked
echo "ready: cargo run --release -- dry-run"
