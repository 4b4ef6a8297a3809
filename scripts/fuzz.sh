#!/usr/bin/env bash
# Fuzzes every reader of outside bytes with libFuzzer, from the seeds in fuzz/seeds and those that targets write as they start.
#
#   scripts/fuzz.sh [--thorough] [seconds per target, default 12] [targets, default all]
#
# As it is, for the test run: the toolchain and the built dependencies that are there anyway, this package's own code instrumented,
# overflow checks on, no sanitizer. Thorough: with cargo-fuzz, everything built anew with the address sanitizer, for which a
# nightly toolchain is needed.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
thorough=
[[ ${1:-} == --thorough ]] && { thorough=yes; shift; }
seconds=${1:-12}
shift || true
targets=("$@")
((${#targets[@]})) || targets=(configuration robot_description checkpoint trial joint_states)

if [[ $thorough ]]; then
  rustup run nightly rustc --version >/dev/null || { echo "no nightly toolchain: rustup toolchain install nightly" >&2; exit 1; }
  command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz
  # A folder of its own: what the address sanitizer instruments fits nothing else.
  fuzz() {
    cargo +nightly fuzz run --target-dir target --sanitizer address "$1" "corpus/$1" "seeds/$1" -- "${@:2}"
  }
else
  target_dir=$(realpath "${CARGO_TARGET_DIR:-../target}")
  RUSTC_WRAPPER=$PWD/instrument.sh cargo build --locked --bins --quiet --target-dir "$target_dir"
  fuzz() {
    "$target_dir/debug/$1" "corpus/$1" "seeds/$1" "${@:2}" -artifact_prefix="artifacts/$1/"
  }
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "seeds/$target" "artifacts/$target"
  if ! fuzz "$target" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=10 -print_final_stats=1 >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "$target: failed; the input is in fuzz/artifacts/$target" >&2
    exit 1
  fi
  awk -v target="$target" '/stat::number_of_executed_units/ { runs = $2 }
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
    END { print target ": " runs " inputs, " edges " edges covered, nothing found" }' "$log"
done
