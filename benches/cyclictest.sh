#!/usr/bin/env bash
# Release lateness of the control loop beside cyclictest (Debian: rt-tests) at the same priority and interval, on the same
# processor, interleaved: loop, cyclictest, loop, cyclictest, the processor changing from pair to pair. Prints, idle and with
# every processor busy and a learner updating, each pair and the median over the pairs of the ratios of p99 and of the maximum.
# A report, not a verdict.
#
#   benches/cyclictest.sh [pairs, default 10] [seconds per run, default 10] [conditions, default "idle load"]
#
# Needs the right to SCHED_FIFO and to lock memory (root, or rtprio and memlock in /etc/security/limits.conf).
set -euo pipefail
cd "$(dirname "$0")/.."
pairs=${1:-10} seconds=${2:-10} conditions=${3:-idle load}
priority=80 period=2000

if ! command -v cyclictest >/dev/null; then
  echo "cyclictest is not installed: on Debian and Ubuntu, apt-get install rt-tests" >&2
  exit 1
fi
cargo build --release --quiet --example release_lateness --bin moto_controller
loop=${CARGO_TARGET_DIR:-target}/release/examples/release_lateness
learner=${CARGO_TARGET_DIR:-target}/release/moto_controller
mapfile -t processors < <(taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' | while IFS=- read -r from to; do seq "$from" "${to:-$from}"; done)
work=$(mktemp -d)
load=()
calm() { if ((${#load[@]})); then kill "${load[@]}" 2>/dev/null || true; wait "${load[@]}" 2>/dev/null || true; load=(); fi; }
trap 'calm; rm -rf "$work"' EXIT

# "p99 max" in nanoseconds.
ours() {
  "$loop" --seconds "$seconds" --priority "$priority" --period "$period" --cpu "$1" >"$work/loop.json"
  if ! grep -q '"refused":\[\]' "$work/loop.json"; then
    echo "the loop did not get its priority, processor or memory lock:" >&2
    cat "$work/loop.json" >&2
    return 1
  fi
  sed 's/.*"release_lateness":{"max":\([0-9]*\),"p50":[0-9]*,"p99":\([0-9]*\),.*/\2 \1/' "$work/loop.json"
}
theirs() {
  cyclictest --mlockall --quiet --nsecs --threads=1 --priority="$priority" --interval="$period" --duration="$seconds" \
    --affinity="$1" --histogram=1000000 >"$work/cyclictest.txt" 2>"$work/cyclictest.err" ||
    { cat "$work/cyclictest.err" >&2; return 1; }
  # Lines "latency count" in rising order; what lies above the histogram counts as the maximum.
  awk '/^# Total:/ { total = $3 } /^# Max Latencies:/ { max = $4 + 0 } /^# Histogram Overflows:/ { total += $4 }
       /^[0-9]/ && $2 > 0 { value[n] = $1 + 0; count[n++] = $2 + 0 }
       END { p99 = max; for (i = 0; i < n; i++) { sum += count[i]; if (sum >= 0.99 * total) { p99 = value[i]; break } }
             print p99, max }' "$work/cyclictest.txt"
}
median() { sort -g | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }

echo "interval $period us, SCHED_FIFO $priority, $pairs pairs of $seconds s, processors ${processors[*]}, kernel $(uname -r)"
for condition in $conditions; do
  if [[ $condition == load ]]; then
    for _ in "${processors[@]}"; do
      (exec sha1sum /dev/zero) & load+=($!)
    done
    (exec "$learner" soak --trials 2900000 >/dev/null 2>&1) & load+=($!)
  fi
  : >"$work/p99"; : >"$work/max"
  for ((pair = 0; pair < pairs; pair++)); do
    cpu=${processors[pair % ${#processors[@]}]}
    measured=$(ours "$cpu"); read -r p99 max <<<"$measured"
    measured=$(theirs "$cpu"); read -r their_p99 their_max <<<"$measured"
    awk "BEGIN { print $p99 / $their_p99 }" >>"$work/p99"
    awk "BEGIN { print $max / $their_max }" >>"$work/max"
    echo "$condition, pair $((pair + 1)), processor $cpu: loop p99 $p99 max $max ns, cyclictest p99 $their_p99 max $their_max ns"
  done
  calm
  echo "$condition: loop over cyclictest, median of $pairs pairs: p99 $(median <"$work/p99"), max $(median <"$work/max")"
done
