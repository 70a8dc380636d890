#!/usr/bin/env bash
# Tests that existing Libravatar clients find Roster by the SRV record of a domain, and get pictures from it.
#
#   .ci/libravatar/run ROSTER     the binary
set -euo pipefail
roster=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
cache=${ROSTER_CACHE:-$HOME/.cache/roster}

folder=$(mktemp -d)
processes=()
end() {
  local process
  for process in "${processes[@]}"; do
    kill "$process" 2>/dev/null && wait "$process" || true
  done
  rm -rf "$folder"
}
trap end EXIT

# listening FILE PATTERN: waits until the file matches PATTERN, and prints its capture.
listening() {
  local deadline=$((SECONDS + 30))
  until sed -nE "s#.*$2.*#\\1#p" "$1" 2>/dev/null | grep -m1 .; do
    ((SECONDS < deadline)) || {
      echo "nothing listens: $(cat "$1")" >&2
      exit 1
    }
    sleep 0.1
  done
}

ROSTER_STORAGE=sqlite:$folder/roster.db ROSTER_LISTEN=127.0.0.1:0 ROSTER_MANAGEMENT_LISTEN=127.0.0.1:0 \
  "$roster" serve >"$folder/roster" 2>"$folder/log" &
processes+=($!)
port=$(listening "$folder/roster" 'listens at http://127\.0\.0\.1:([0-9]+) ')

PYTHONPATH=$cache/libravatar/python python3 dns_server.py "$port" >"$folder/dns" &
processes+=($!)
dns=$(listening "$folder/dns" '^([0-9]+)$')

curl -fsS -o "$folder/user" -F name=Ada -F email=Ada@example.org -F avatar=@../../samples/portrait.jpg "http://127.0.0.1:$port/user"

PYTHONPATH=$cache/libravatar/python python3 client.py "$dns" >"$folder/urls"
NODE_PATH=$cache/libravatar/node_modules node client.js "$dns" >>"$folder/urls"
cat "$folder/urls"

# Each line is for an e-mail and options of a client: the expected status, type and size, and the URL.
while read -r status type url; do
  got=$(curl -sS -o "$folder/picture" -w '%{http_code} %{content_type}' "$url")
  [[ $got == "$status $type"* ]] || {
    printf '%s is %s, not %s %s\n' "$url" "$got" "$status" "$type" >&2
    exit 1
  }
done <"$folder/urls"
[[ $(wc -l <"$folder/urls") -ge 8 ]]
echo "both clients got their pictures"
