#!/bin/sh
# Creates the Secrets of /work. One that exists is kept as it is.
set -eu

for file in /work/*.json; do
  name=$(basename "$file" .json)
  status=$(curl --silent --show-error --max-time 20 --retry 5 --retry-connrefused --cacert /token/ca.crt \
    --header "Authorization: Bearer $(cat /token/token)" --header 'Content-Type: application/json' --data-binary "@$file" \
    --output /tmp/answer --write-out '%{http_code}' "https://kubernetes.default.svc/api/v1/namespaces/$NAMESPACE/secrets")
  case $status in
    201) echo "$name: created" ;;
    409) echo "$name: exists, and is kept" ;;
    *)
      cat /tmp/answer >&2
      echo "$name: the API server answered $status" >&2
      exit 1
      ;;
  esac
done
