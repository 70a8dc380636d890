#!/usr/bin/env bash
# On the AWS stores at AWS_ENDPOINT_URL an upload becomes renditions by the events of its bucket: `serve`, `worker` and the data
# tools, each in a process of its own.
#
#   .ci/with-moto .ci/events-smoke FOLDER     where the binaries roster and examples/provision are
set -euo pipefail
binaries=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
processes=()

end() {
  local process
  for process in "${processes[@]}"; do
    kill "$process" 2>/dev/null && wait "$process" || true
  done
  rm -rf "$work"
}
trap end EXIT

fail() {
  printf '.ci/events-smoke: %s\n' "$1" >&2
  cat "$work"/*.log >&2
  exit 1
}

# until_has FILE PATTERN: waits for a line of the file.
until_has() {
  local deadline=$((SECONDS + 60))
  until grep -qsE "$2" "$1"; do
    ((SECONDS < deadline)) || fail "no line has $2"
    sleep 0.2
  done
}

roster() {
  "$binaries/roster" "$@"
}

export ROSTER_STORAGE=aws ROSTER_ENVIRONMENT=smoke ROSTER_USERS_TABLE=smoke-users ROSTER_AVATARS_BUCKET=smoke-avatars
export ROSTER_PUBLIC_URL=http://127.0.0.1:8080 ROSTER_LISTEN=127.0.0.1:0 ROSTER_MANAGEMENT_LISTEN=127.0.0.1:0
urls=$("$binaries/examples/provision" "$ROSTER_USERS_TABLE" "$ROSTER_AVATARS_BUCKET" smoke-events "$ROSTER_ENVIRONMENT")
{ read -r ROSTER_EVENTS_QUEUE_URL && read -r ROSTER_DEAD_LETTERS_URL; } <<<"$urls"
export ROSTER_EVENTS_QUEUE_URL ROSTER_DEAD_LETTERS_URL

"$binaries/roster" serve >"$work/out" 2>"$work/serve.log" &
processes+=($!)
"$binaries/roster" worker 2>"$work/worker.log" &
worker=$!
processes+=("$worker")
until_has "$work/out" 'listens at http://'
api=$(sed -nE 's#.*listens at (http://[^ ]+) .*#\1#p' "$work/out")

curl -fsS -o "$work/user" -F name=Ada -F email=ada@example.org -F avatar=@samples/portrait.jpg "$api/user"
until_has "$work/worker.log" '"event.outcome":"done".*"user.id"'
[[ $(roster sweep --json --dry-run) == '{"dry_run":true,"looked_at":10,"missing_images":0,'*'"missing_renditions":0,'* ]] ||
  fail "the sweep does not find one image, eight renditions and one user: $(roster sweep --json --dry-run)"

management=$(sed -nE 's/.*"worker started","management":"([^"]+)".*/\1/p' "$work/worker.log")
[[ $(ROSTER_LISTEN=127.0.0.1:1 ROSTER_MANAGEMENT_LISTEN=$management roster health) == *'"status":"ready"'* ]] ||
  fail 'the worker is not ready'

# A malformed event is dead-lettered, listed, redriven, dead-lettered again, and dropped.
curl -fsS -o "$work/sent" -H 'Content-Type: application/x-amz-json-1.0' -H 'X-Amz-Target: AmazonSQS.SendMessage' \
  -H "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/$AWS_REGION/sqs/aws4_request, SignedHeaders=host, Signature=0" \
  -d "{\"QueueUrl\": \"$ROSTER_EVENTS_QUEUE_URL\", \"MessageBody\": \"nonsense\"}" "$AWS_ENDPOINT_URL"
until_has "$work/worker.log" '"event.outcome":"dead"'
roster events list | tee "$work/letters"
grep -q 'the payload is not JSON of a known shape' "$work/letters" || fail 'its reason is not listed'
[[ $(roster events redrive --all) == '1 redriven' ]] || fail 'it is not redriven'
deadline=$((SECONDS + 60))
until (($(grep -c '"event.outcome":"dead"' "$work/worker.log") == 2)); do
  ((SECONDS < deadline)) || fail 'it is not dead-lettered again'
  sleep 0.2
done
[[ $(roster events drop --all) == '1 dropped' ]] || fail 'it is not dropped'

kill "$worker"
wait "$worker" || fail 'the worker does not exit cleanly'
grep -q '"stopped"' "$work/worker.log" || fail 'the worker does not log that it stopped'
echo 'an upload, a dead letter and a sweep were processed'
