#!/usr/bin/env bash
# The whole test run: format, lints, Rust tests, then the outside witnesses in Python.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cargo fmt --check
cargo clippy --release --locked --all-targets -- --deny warnings
cargo test --release --locked --doc
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --release --locked
else
  cargo test --release --locked --all-targets
fi
.venv/bin/python -m pytest -q tests/python
