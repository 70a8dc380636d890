#!/usr/bin/env bash
# Functions of .ci/run: stages that run a recipe, repeat it only if its inputs changed, and are named if they are left out.

cache=${ROSTER_CACHE:-$HOME/.cache/roster}
# A run is limited to an hour and a half. Stages without time left run next time, when those that passed are not repeated.
limit=${CI_MINUTES:-85}
stage=
times=()
incomplete=()
log=$(mktemp)
trap 'status=$?; rm -f "$log"; ((status == 0 || status == 3)) || printf "\n.ci/run: stage %s failed\n" "$stage"' EXIT

# stage NAME COMMAND...: runs the command under a heading, and records its time.
stage() {
  stage=$1
  printf '\n=== %s: %s\n' "$1" "${*:2}"
  local start=$SECONDS status=0
  "${@:2}" || status=$?
  times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$1")")
  # 3 is reserved for .ci/run.
  ((status == 0)) || exit 1
}

# left_out REASON NAME...
left_out() {
  local name
  for name in "${@:2}"; do
    printf '\n=== %s: left out, %s\n' "$name" "$1"
    incomplete+=("$name: $1")
  done
}

# key COMMANDS TOOLS PATH...: a hash of what decides whether a recipe passes again: its commands, tools and files; empty if one of them
# has changes that are not committed. Each path must match a file, except those that begin with a colon.
key() {
  local commands=$1 tools=$2 path paths=()
  shift 2
  for path; do
    [[ $path == :* ]] || paths+=("$path")
  done
  git ls-files --error-unmatch -- "${paths[@]}" >/dev/null || return
  [[ -z $(git status --porcelain -- "$@") ]] || return 0
  [[ -z $(git status --porcelain -- justfile .ci/install '*requirements*.txt') ]] || return 0
  {
    git ls-files --stage -- "$@"
    printf '%s\n' "$commands"
    # shellcheck disable=SC2086 # words
    .ci/install --inputs $tools
  } | git hash-object --stdin
}

# slow_stage NAME MINUTES PATH...: runs a recipe, unless it passed with the same inputs. MINUTES is its maximum time, including what
# it installs the first time.
slow_stage() {
  local name=$1 minutes=$2 commands tools key mark
  stage=$name
  # Recipes do more in a full run, so passing there counts for both.
  commands=$(CI_FULL='' just --dry-run "$name" 2>&1)
  tools=$(sed -n 's,^\.ci/install ,,p' <<<"$commands" | tr '\n' ' ')
  key=$(key "$commands" "$tools" "${@:3}")
  mark=$cache/passed/$name-$key
  if [[ -z ${CI_FULL:-} && -n $key && -e $mark ]]; then
    printf '\n=== %s: passed before with the same inputs; CI_FULL=1 repeats it\n' "$name"
    return
  fi
  if [[ -z ${CI_FULL:-} ]] && ((SECONDS / 60 + minutes > limit)); then
    left_out "it takes up to $minutes minutes and $((SECONDS / 60)) have passed; just $name" "$name"
    return
  fi
  # shellcheck disable=SC2086 # words
  [[ -z $tools ]] || stage "install ${tools% }" .ci/install $tools
  stage "$name" just "$name"
  [[ -z $key ]] || { mkdir -p "$cache/passed" && touch "$mark"; }
}

# tests COMMAND...: runs the tests and keeps their output.
tests() {
  "$@" | tee "$log"
}

# Prints times, the stages that were left out, and as the last line the sum of the tests: cargo prints one line per test program.
summary() {
  printf '\n=== times\n'
  printf '%s\n' "${times[@]}"
  printf '\n=== tests\n'
  local sum
  sum=$(awk '/^test result: / { passed += $4; failed += $6 }
    END { if (!passed || failed) exit 1; printf "%d passed, %d failed\n", passed, failed }' "$log")
  ((${#incomplete[@]} == 0)) || printf 'INCOMPLETE: %s\n' "${incomplete[@]}"
  printf '%s\n' "$sum"
  [[ -z ${CI_FULL:-} || ${#incomplete[@]} == 0 ]] || exit 3
}
