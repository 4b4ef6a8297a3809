#!/usr/bin/env bash
# A minute of fuzzing for the test run: the targets of fuzz/ with the toolchain and the built dependencies that are there anyway.
# Only this package's own code is instrumented, and no sanitizer is on; scripts/fuzz.sh does it in earnest.
#
#   scripts/fuzz_smoke.sh [seconds per target, default 12] [targets, default all]
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:-12}
shift || true
targets=("$@")
((${#targets[@]})) || targets=(configuration robot_description checkpoint trial joint_states)
target_dir=$(realpath "${CARGO_TARGET_DIR:-../target}")
RUSTC_WRAPPER=$PWD/instrument.sh cargo build --release --bins --quiet --target-dir "$target_dir"
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "seeds/$target" "artifacts/$target"
  log=$(mktemp)
  if ! "$target_dir/release/$target" "corpus/$target" "seeds/$target" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=10 \
    -artifact_prefix="artifacts/$target/" -print_final_stats=1 >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "$target: failed; the input is in fuzz/artifacts/$target" >&2
    exit 1
  fi
  awk -v target="$target" '/stat::number_of_executed_units/ { runs = $2 }
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
    END { print target ": " runs " inputs, " edges " edges covered, nothing found" }' "$log"
  rm -f "$log"
done
