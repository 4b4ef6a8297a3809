#!/bin/sh
# rustc, with libFuzzer's coverage, overflow checks and debug assertions in this package's own crates.
rustc=$1
shift
case " $* " in
*" --crate-name moto_"* | *" fuzz_targets/"*)
  set -- "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Coverflow-checks
  ;;
esac
exec "$rustc" "$@"
