#!/usr/bin/env bash
# Measures the figures in docs/performance.md and prints the table: bench/run.sh [FIGURE…]
# Needs wrk, nginx and vipsthumbnail. The files of a run are on the disk that holds the build.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in wrk nginx vipsthumbnail; do
  command -v "$tool" >/dev/null || { echo "$tool is needed: apt-get install wrk nginx-light libvips-tools" >&2; exit 69; }
done
target=${CARGO_TARGET_DIR:-target}
# Separately: built together they would share features, and the binary would not be the one that ships.
tools/dist "$target/shipped/roster"
cargo build --release --locked -p roster-bench
figures=("$@")

# wanted FIGURE: whether this run measures it.
wanted() {
  ((${#figures[@]} == 0)) || [[ " ${figures[*]} " == *" $1 "* ]]
}

if wanted functions; then
  # The zips, unless they exist, and the function that their start is compared with.
  [[ -e $target/lambda/serve-avatar/bootstrap.zip ]] || tools/lambda
  cargo build --profile lambda --locked -p roster-runtime-api --example hello
  mkdir -p "$target/lambda-hello"
  cp "$target/lambda/examples/hello" "$target/lambda-hello/bootstrap"
fi
if wanted pocketbase && command -v go >/dev/null; then
  GOBIN=$(realpath "$target")/pocketbase go install github.com/pocketbase/pocketbase/examples/base@v0.39.11
fi
if wanted template && command -v python3 >/dev/null; then
  # Without the packages the figure is left out.
  python=$target/template/bin/python
  if ! { python3 -m venv "$target/template" &&
    "$python" -m pip install --quiet --disable-pip-version-check --requirement bench/template/requirements.txt; }; then
    rm -rf "$target/template"
  fi
fi
# `limit` opens thousands of connections.
ulimit -n "$(ulimit -Hn)"
exec "$target/release/roster-bench" measure "$target/shipped/roster" "$@"
