#!/usr/bin/env bash
# Measures what docs/performance.md says and prints the table: bench/run.sh [FIGURE…]
# Needs wrk and nginx. The files of a run stand on the disk that holds the build.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in wrk nginx; do
  command -v "$tool" >/dev/null || { echo "$tool is needed: apt-get install wrk nginx-light" >&2; exit 69; }
done
# One after the other: together they would share features, and the binary would not be the one that ships.
cargo build --release --locked
cargo build --release --locked -p roster-bench
release="${CARGO_TARGET_DIR:-target}/release"
exec "$release/roster-bench" measure "$release/roster" "$@"
