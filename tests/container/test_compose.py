#!/usr/bin/env bash
# Tests `docker compose up --wait` as a user would: an upload, its renditions by the event, a restart of each container, down; then
# the profile `embedded`. Prints times and memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
unset COMPOSE_PROFILES
# A project of its own, so that a developer's containers are not stopped.
export COMPOSE_PROJECT_NAME=roster-check ROSTER_IMAGE=roster:debug

end() {
  docker compose --profile '*' down --volumes >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap end EXIT

fail() {
  printf '.ci/compose-check: %s\n' "$1" >&2
  docker compose --profile '*' ps --all >&2
  docker compose --profile '*' logs --no-color --tail 60 >&2
  exit 1
}

# step NAME COMMAND...: runs the command and prints its time.
step() {
  local start=$SECONDS
  "${@:2}" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "$1"
  }
  printf '%4d s  %s\n' $((SECONDS - start)) "$1"
}

# until_true WHAT COMMAND...
until_true() {
  local deadline=$((SECONDS + 120))
  until "${@:2}" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "$1"
    sleep 0.2
  done
}

hash_of() {
  printf '%s@example.org' "$1" | sha256sum | cut -d ' ' -f 1
}

# Stores a picture, reads it at its URL, and waits for the renditions of the worker.
use() {
  local url
  url=$(curl -fsS -F "name=$1" -F "email=$1@example.org" -F avatar=@samples/portrait.jpg http://localhost:8080/user |
    sed -E 's/.*"avatar_url":"([^"]+)".*/\1/')
  curl -fsS -o "$work/picture" "$url" || fail "cannot read $url"
  cmp -s <(head -c 3 "$work/picture") <(printf '\xff\xd8\xff') || fail "$url is not a JPEG"
  until_true "the worker does not make renditions of $1" worked "$1"
  curl -fsS -o "$work/rendition" -H 'Accept: image/webp' "http://localhost:8080/avatar/$(hash_of "$1")?s=128"
  [[ $(head -c 4 "$work/rendition") == RIFF ]] || fail 'the rendition is not a WebP'
}

worked() {
  docker compose logs --no-color --no-log-prefix worker >"$work/worker.log"
  [[ $(grep '"event.outcome":"done"' "$work/worker.log") == *"$(hash_of "$1")"* ]]
}

answers() {
  [[ $(curl -fsS http://localhost:8080/readyz) == *'"status":"ready"'* ]]
}

# `up` builds the image if it does not exist.
step 'image' .ci/image --debug "$ROSTER_IMAGE"
step 'up, cold' docker compose up --wait
use ada
docker compose top api worker >"$work/top"
! grep -qE '^root' "$work/top" || fail 'a container of Roster runs as root'
for service in worker api; do
  step "$service: restart" docker compose restart "$service"
  until_true "no answer after the restart of $service" answers
  use "after-$service"
done
mapfile -t running < <(docker compose ps --quiet)
docker stats --no-stream --format '      {{.Name}}: {{.MemUsage}}' "${running[@]}"
# LocalStack keeps nothing: a second `up` creates everything again, with the same Terraform.
step 'localstack: restart' docker compose restart localstack
step 'up again' docker compose up --wait
use after-localstack
step 'down' docker compose down --volumes
step 'embedded: up' docker compose --profile embedded up --wait
[[ $(docker compose --profile embedded ps --services) == embedded ]] || fail 'more than the service embedded runs'
curl -fsS -o "$work/user" -F name=Ada -F email=ada@example.org -F avatar=@samples/portrait.jpg http://localhost:8080/user
step 'embedded: restart' docker compose --profile embedded restart
until_true 'the embedded one does not answer' answers
[[ $(curl -fsS http://localhost:8080/users) == *ada@example.org* ]] || fail 'a restart lost a user'
step 'embedded: down' docker compose --profile embedded down --volumes
left=$(docker volume ls --quiet --filter name=roster-check)
[[ -z $left ]] || fail "volumes are left: $left"
