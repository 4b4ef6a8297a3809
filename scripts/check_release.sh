#!/usr/bin/env bash
# What a release needs besides passing tests: documentation without warnings, dependencies whose licences are allowed and that need
# no newer Rust than is promised, libraries of the page as they were made from npm, crates that can be packaged, learners that need
# no operating system. Thorough, for which everything is built anew: the build with the oldest Rust that is promised, the hand-off
# under Miri. What needs a tool that is not installed is left out, and said so.
#
#   scripts/check_release.sh [--thorough]
set -euo pipefail
cd "$(dirname "$0")/.."

left_out() { echo "left out: $1"; }

# With the profile of the tests, for which clippy left its checked dependencies. The C library's documentation is its header.
RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --locked --workspace --exclude moto_controller_c --no-deps --lib

python3 scripts/check_dependencies.py
(cd src/report/page/vendor && sha256sum --check --quiet SHA256SUMS)
if cargo deny --version >/dev/null 2>&1; then
  cargo deny --locked check bans licenses sources
  cargo deny --locked check ${CARGO_NET_OFFLINE:+--disable-fetch} advisories
else
  left_out "advisories (cargo install --locked cargo-deny)"
fi

# Building from the packages is for the day of a release. Everything is there already, so nothing is fetched.
rm -rf target/package
cargo package --quiet --offline --locked --allow-dirty --workspace --no-verify
large=$(find target/package -name '*.crate' -size +2M)
[ -z "$large" ] || { echo "more than 2 MiB in a package: $large" >&2; exit 1; }

# Numerics only: what knows an operating system does not compile for this target.
learners="--package moto_learners --lib --target wasm32-unknown-unknown"
if rustup target list --installed 2>/dev/null | grep -q '^wasm32-unknown-unknown$'; then
  # shellcheck disable=SC2086
  cargo check --quiet --locked $learners
else
  left_out "the learners without an operating system (rustup target add wasm32-unknown-unknown)"
fi

[[ ${1:-} == --thorough ]] || exit 0
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if rustup run "$oldest" cargo --version >/dev/null 2>&1; then
  # A folder of its own: another compiler's artefacts fit nothing else.
  cargo "+$oldest" check --quiet --locked --workspace --lib --bins --target-dir target/oldest
else
  left_out "the build with Rust $oldest (rustup toolchain install $oldest)"
fi
if rustup run nightly cargo miri --version >/dev/null 2>&1; then
  cargo +nightly miri test --quiet --locked --test realtime_handoff
else
  left_out "the hand-off under Miri (rustup toolchain install nightly --component miri)"
fi
