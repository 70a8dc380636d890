#!/usr/bin/env bash
# Runs an image as restricted as possible, tests that it serves, persists, drains and refuses, and prints its figures.
#
#   .ci/image-smoke IMAGE [KILOBYTES BYTES]     limits of resident memory before a request, and of image size
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

image=$1 most_resident=${2:-} most_bytes=${3:-}
name=roster-smoke-$$
work=$(mktemp -d)
trap 'docker rm --force "$name" >/dev/null 2>&1 || true
  docker volume rm "$name" >/dev/null 2>&1 || true
  rm -r "$work"' EXIT

fail() {
  echo ".ci/image-smoke: $1" >&2
  docker logs "$name" >&2 2>/dev/null || true
  exit 1
}

# Starts it on free loopback ports, and waits for its health check.
serve() {
  docker run --detach --name "$name" --read-only --cap-drop ALL --security-opt no-new-privileges \
    --volume "$name:/data" --env ROSTER_AUTH=off \
    --publish 127.0.0.1::8080 --publish 127.0.0.1::8081 "$image" >/dev/null
  api=http://$(docker port "$name" 8080/tcp) || fail 'it exits early'
  management=http://$(docker port "$name" 8081/tcp)
  local until=$((SECONDS + 60))
  while [[ $(docker inspect --format '{{.State.Health.Status}}' "$name") != healthy ]]; do
    ((SECONDS < until)) || fail 'it does not become healthy'
    sleep 0.2
  done
}

# The kernel's figures of its process.
process() {
  awk -v field="$1:" '$1 == field { print $2 }' "/proc/$(docker inspect --format '{{.State.Pid}}' "$name")/status"
}

lists_ada() {
  curl -fsS -o "$work/users.json" "$api/users"
  grep -q '"email":"ada@example.org"' "$work/users.json" || fail 'the user is not listed'
}

serve
rss=$(process VmRSS)
[[ $(process Uid) == 65532 && $(process Gid) == 65532 ]] || fail 'it does not run as 65532:65532'

curl -fsS -o "$work/user.json" -F name='Ada Lovelace' -F email=ada@example.org -F avatar=@samples/portrait.jpg "$api/user"
lists_ada
url=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["avatar_url"])' <"$work/user.json")
curl -fsS -o "$work/avatar" "$api/avatars/${url#*/avatars/}"
[[ $(head -c 3 "$work/avatar" | od -An -tx1) == ' ff d8 ff' ]] || fail 'the avatar is not a JPEG'
curl -fsS -o "$work/metrics" "$management/metrics"
grep -q '^roster_uploads_total{format="jpeg"} 1$' "$work/metrics" || fail 'the upload is not in the metrics'

for label in title licenses version revision; do
  [[ -n $(docker image inspect --format "{{index .Config.Labels \"org.opencontainers.image.$label\"}}" "$image") ]] ||
    fail "it has no label $label"
done

docker export "$name" | tar -t >"$work/files"
if grep -E '(^|/)(sh|bash|dash|busybox)$' "$work/files"; then
  fail 'there is a shell in the image'
fi
docker cp --quiet "$name:/roster" "$work/roster"

docker stop --time 40 "$name" >/dev/null
[[ $(docker inspect --format '{{.State.ExitCode}}' "$name") == 0 ]] || fail 'it does not exit cleanly on SIGTERM'
docker logs "$name" 2>"$work/log" >/dev/null
python3 -c 'import json, sys; assert [json.loads(line) for line in sys.stdin]' <"$work/log" || fail 'its log is not JSON lines'
if grep -e Ada -e ada@ "$work/log"; then
  fail 'its log contains user data'
fi

docker rm "$name" >/dev/null
serve
lists_ada

code=0
timeout 30 docker run --rm --read-only "$image" >"$work/refusal" 2>&1 || code=$?
[[ $code == 64 && $(grep -c '' "$work/refusal") == 1 ]] || fail "without ROSTER_AUTH it exits with $code: $(<"$work/refusal")"

bytes=$(docker image inspect --format '{{.Size}}' "$image")
printf '%-28s %11d bytes\n' 'image' "$bytes"
printf '%-28s %11d bytes\n' 'binary' "$(stat --format %s "$work/roster")"
printf '%-28s %11d kB\n' 'resident, before a request' "$rss"
((rss <= ${most_resident:-rss})) || fail "more than $most_resident kB before a request"
((bytes <= ${most_bytes:-bytes})) || fail "more than $most_bytes bytes"
