#!/usr/bin/env bash
# Runs a command with AWS emulated by moto on a free port of loopback, or of the address in MOTO_HOST. The command finds it by
# AWS_ENDPOINT_URL, tests by ROSTER_TEST_AWS_ENDPOINT; region and credentials are dummies. Everything in it is gone when the command
# ends.
#
#   .ci/with-moto COMMAND [ARGUMENT...]
set -euo pipefail

host=${MOTO_HOST:-127.0.0.1}
port=$(python3 -c 'import socket, sys; print(socket.create_server((sys.argv[1], 0)).getsockname()[1])' "$host")
log=$(mktemp)
PYTHONPATH=${ROSTER_CACHE:-$HOME/.cache/roster}/moto "${BASH_SOURCE[0]%/*}/moto/server" -H "$host" -p "$port" >"$log" 2>&1 &
moto=$!
trap 'kill "$moto" 2>/dev/null || true; wait "$moto" 2>/dev/null || true; rm -f "$log"' EXIT

export AWS_ENDPOINT_URL=http://$host:$port ROSTER_TEST_AWS_ENDPOINT=http://$host:$port
export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
unset AWS_PROFILE AWS_SESSION_TOKEN

until curl -fs -o /dev/null "$AWS_ENDPOINT_URL/moto-api/data.json"; do
  if ((SECONDS >= 60)) || ! kill -0 "$moto"; then
    cat "$log" >&2
    exit 1
  fi
  sleep 0.2
done
# Services are loaded on first use, which takes longer than client timeouts.
for service in dynamodb/DynamoDB_20120810.ListTables sqs/AmazonSQS.ListQueues; do
  curl -fs -o /dev/null -d '{}' -H 'Content-Type: application/x-amz-json-1.0' -H "X-Amz-Target: ${service#*/}" \
    -H "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/$AWS_REGION/${service%%/*}/aws4_request, SignedHeaders=host, Signature=0" \
    "$AWS_ENDPOINT_URL"
done
curl -fs -o /dev/null -H "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/$AWS_REGION/s3/aws4_request, SignedHeaders=host, Signature=0" \
  "$AWS_ENDPOINT_URL"
asked=$(grep -c '"POST / ' "$log")

"$@"
# A command that used another endpoint, or did nothing, has tested nothing.
(($(grep -c '"POST / ' "$log") > asked)) || {
  echo '.ci/with-moto: the emulated DynamoDB got no requests' >&2
  exit 1
}
