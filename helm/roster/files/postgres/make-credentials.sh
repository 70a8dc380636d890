#!/usr/bin/env bash
# Writes manifests of the Secrets PASSWORDS and CERTIFICATE, with passwords and a certificate for HOST, to /work: each if it is named.
set -euo pipefail
umask 027
cd /work

# manifest NAME KEY=FILE...: without the label of the instance, by which Argo CD would find it and remove it.
manifest() {
  local pair data=()
  for pair in "${@:2}"; do
    data+=("\"${pair%%=*}\": \"$(base64 -w 0 "${pair#*=}")\"")
  done
  local IFS=,
  printf '{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "%s", "labels": { "app.kubernetes.io/part-of": "roster" } }, "data": { %s } }\n' \
    "$1" "${data[*]}" >"$1.json"
}

if [[ -n ${PASSWORDS:-} ]]; then
  for role in password backup-password restore-password; do
    openssl rand -hex 24 | tr -d '\n' >"/tmp/$role"
  done
  manifest "$PASSWORDS" password=/tmp/password backup-password=/tmp/backup-password restore-password=/tmp/restore-password
fi
if [[ -n ${CERTIFICATE:-} ]]; then
  # An authority for this one certificate: its key is not kept, so that it can sign no other.
  printf '[req]\ndistinguished_name=name\n[name]\n' >/tmp/empty.cnf
  new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config /tmp/empty.cnf)
  openssl req -x509 "${new[@]}" -days 3650 -subj "/CN=authority of roster-postgres" -keyout /tmp/ca.key -out /tmp/ca.crt \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign
  openssl req "${new[@]}" -subj "/CN=roster-postgres" -keyout /tmp/tls.key -out /tmp/tls.csr
  printf 'subjectAltName=DNS:%s\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n' "$HOST" >/tmp/tls.cnf
  openssl x509 -req -in /tmp/tls.csr -CA /tmp/ca.crt -CAkey /tmp/ca.key -days 3650 -extfile /tmp/tls.cnf -out /tmp/tls.crt
  rm /tmp/ca.key
  manifest "$CERTIFICATE" tls.crt=/tmp/tls.crt tls.key=/tmp/tls.key ca.crt=/tmp/ca.crt
fi
