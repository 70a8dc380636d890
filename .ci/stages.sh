#!/usr/bin/env bash
# Functions of .ci/run: stages that run a recipe, repeat it only if its inputs changed, and are named if they are left out.

cache=${ROSTER_CACHE:-$HOME/.cache/roster}
# A run is limited to an hour and a half. Stages without time left run next time, when those that passed are not repeated.
limit=${CI_MINUTES:-85}
stage=
times=()
incomplete=()
log=$(mktemp)
folder=$(mktemp -d)
beside=
beside_status=
running=
trap end EXIT

end() {
  local status=$?
  local group
  for group in $beside $running; do
    kill -- "-$group" 2>/dev/null || true
  done
  rm -rf "$log" "$folder"
  if ((status != 0 && status != 3)); then
    printf '\n'
    df -h . "${TMPDIR:-/tmp}" || true
    printf '.ci/run: stage %s failed\n' "$stage"
  fi
}

# beside FUNCTION: runs the stages of a function beside those that follow. As soon as one of them fails, so does the run.
beside() {
  # With a process group of its own, to be ended with what it started.
  set -m
  (
    set +m
    trap 'printf "%s\n" "$stage" >"$folder/stage"' EXIT
    stages_of "$1"
  ) >"$folder/output" 2>&1 &
  beside=$!
  set +m
}

# saved FILE TEXT...: each ends with a zero byte.
saved() {
  (($# == 1)) || printf '%s\0' "${@:2}" >"$folder/$1"
}

# stages_of FUNCTION: runs its stages, and saves their times and what they left out.
stages_of() {
  local beside='' times=() incomplete=()
  "$1"
  saved times "${times[@]}"
  saved incomplete "${incomplete[@]}"
}

# Waits for those stages, and prints what they printed.
join() {
  local status=$beside_status these
  [[ -n $beside ]] || return 0
  [[ -n $status ]] || { status=0 && wait "$beside" || status=$?; }
  beside=
  cat "$folder/output"
  ((status == 0)) || { stage=$(<"$folder/stage"); exit 1; }
  touch "$folder"/{times,incomplete}
  mapfile -d '' -t these <"$folder/times"
  times+=("${these[@]}")
  mapfile -d '' -t these <"$folder/incomplete"
  incomplete+=("${these[@]}")
}

# watched COMMAND...: runs a command, which is ended if what runs beside it fails.
watched() {
  local ended status=0
  set -m
  ("$@") &
  running=$!
  set +m
  wait -n -p ended "$running" "$beside" || status=$?
  if [[ $ended == "$beside" ]]; then
    beside_status=$status
    # What runs may have ended as well.
    ((status == 0)) || { kill -- "-$running" 2>/dev/null || true; join; }
    wait "$running" || status=$?
  fi
  running=
  return "$status"
}

# stage NAME COMMAND...: runs the command under a heading, and records its time.
stage() {
  [[ -z $beside ]] || kill -0 "$beside" 2>/dev/null || join
  stage=$1
  printf '\n=== %s: %s\n' "$1" "${*:2}"
  local start=$SECONDS status=0
  if [[ -n $beside ]]; then watched "${@:2}"; else "${@:2}"; fi || status=$?
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
