#!/usr/bin/env bash
# Fuzzes every reader of outside bytes with cargo-fuzz (libFuzzer), from the seeds in fuzz/seeds.
#
#   scripts/fuzz.sh [seconds per target, default 12] [targets, default all]
#
# With a nightly toolchain the address sanitizer and checks of overflow are on. Without one, the stable toolchain does it with
# --sanitizer none and RUSTC_BOOTSTRAP=1, which lets it take the flags that nightly takes.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:-12}
shift || true
targets=("$@")
((${#targets[@]})) || targets=(configuration robot_description checkpoint trial joint_states)
command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz
if rustup run nightly rustc --version >/dev/null 2>&1; then
  toolchain=+nightly sanitizer=address
else
  toolchain= sanitizer=none
  export RUSTC_BOOTSTRAP=1
fi
echo "fuzzing with ${toolchain:-the stable toolchain}, sanitizer $sanitizer, $seconds s per target"
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "seeds/$target"
  # The matrices' reader multiplies unchecked, which the check behind it allows for; with overflow checks it would panic.
  checks=(); [[ $target == checkpoint ]] && checks=(--release)
  log=$(mktemp)
  # shellcheck disable=SC2086
  if ! cargo $toolchain fuzz run --sanitizer "$sanitizer" "${checks[@]}" "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=10 -print_final_stats=1 >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "$target: failed; the input is in fuzz/artifacts/$target" >&2
    exit 1
  fi
  awk -v target="$target" '/stat::number_of_executed_units/ { runs = $2 } / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
    END { print target ": " runs " inputs, " cov " edges covered, nothing found" }' "$log"
  rm -f "$log"
done
