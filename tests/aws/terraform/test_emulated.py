#!/usr/bin/env bash
# Tests Terraform on moto: creates everything with the values of `dev`, plans again, uses it by functions and pods with their own
# roles while moto enforces the policies, and destroys it completely. Prints the time of each step.
#
#   MOTO_CALLS=FILE MOTO_IAM_LOAD_MANAGED_POLICIES=true .ci/with-moto .ci/terraform/emulated ZIPS BINARIES
#
# ZIPS is the folder of the zips of the functions, BINARIES that of roster and examples/events.
set -euo pipefail
zips=$(realpath "$1") binaries=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
export TF_DATA_DIR=$work/terraform TF_ENVIRONMENTS=$work/environments
export PYTHONPATH=${ROSTER_CACHE:-$HOME/.cache/roster}/moto
export AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
: "${MOTO_CALLS:?must name the file in which moto writes calls}"

fail() {
  printf '.ci/terraform/emulated: %s\n' "$1" >&2
  exit 1
}

# step NAME COMMAND...: runs the command and prints its time, and its output on failure.
step() {
  local start=$SECONDS log
  log=$(mktemp "$work/log.XXXXXX")
  "${@:2}" >"$log" 2>&1 || {
    cat "$log" >&2
    fail "$1 failed"
  }
  printf '%4d s  %s\n' $((SECONDS - start)) "$1"
}

tf() {
  terraform/tf dev "$@" -no-color
}

apply() {
  tf "$1" apply -auto-approve -input=false -compact-warnings
}

# A second plan has no changes, except those of moto in .ci/terraform/differences.
plan_again() {
  local changes
  tf "$1" plan -input=false -out="$work/plan-$1" >/dev/null
  changes=$(tf "$1" show -json "$work/plan-$1" | python3 -c '
import fnmatch, json, sys
known = [line.split("\t")[0] for line in open(".ci/terraform/differences") if not line.startswith("#")]
for change in json.load(sys.stdin).get("resource_changes", []):
    if change["mode"] == "managed" and change["change"]["actions"] != ["no-op"]:
        if not any(fnmatch.fnmatchcase(change["address"].replace("[", "("), pattern.replace("[", "(")) for pattern in known):
            print(change["address"], change["change"]["actions"])
')
  [[ -z $changes ]] || {
    printf '%s\n' "$changes"
    return 1
  }
}

plans_again() {
  local stack
  for stack; do
    step "$stack: plan again" plan_again "$stack"
  done
}

# As in docs/restore.md, with the steps of AWS itself done on moto.
restore() {
  terraform/tf dev data state rm module.users_table module.avatar_bucket
  restored table
  printf 'generation = 2\n' >>"$TF_ENVIRONMENTS/dev/data.tfvars"
  terraform/tf dev data import -no-color -input=false module.users_table.aws_dynamodb_table.this roster-dev-users-2
  apply data
  # These include the marker of the lost bucket: nothing starts before Terraform has rewritten it.
  restored objects
  restored refused
  apply data
  apply service
  [[ $(terraform/tf dev service output -json settings) == *'"ROSTER_USERS_TABLE":"roster-dev-users-2"'* ]]
}

restored() {
  ROSTER=$binaries/roster .ci/terraform/restored "$1" roster-dev-users roster-dev-avatars-123456789012 \
    roster-dev-users-2 roster-dev-avatars-2-123456789012
}

trap 'rm -rf "$work"' EXIT

run() {
  # The account is moto's, features that moto lacks are left out, and no token can be checked.
  mkdir "$TF_ENVIRONMENTS"
  cp -r terraform/environments/dev "$TF_ENVIRONMENTS"
  sed -i 's/111111111111/123456789012/' "$TF_ENVIRONMENTS"/dev/*
  printf 'emulated = true\n' >>"$TF_ENVIRONMENTS/dev/common.tfvars"
  printf 'ephemeral = true\n' >>"$TF_ENVIRONMENTS/dev/bootstrap.tfvars"
  # With the page for missing pictures, so that the plan role reads it.
  printf 'cloudfront_reads = true\n' >>"$TF_ENVIRONMENTS/dev/data.tfvars"
  printf 'use_path_style = true\n' >>"$TF_ENVIRONMENTS/dev/backend.hcl"
  sed -i '/^addons = {/,/^}/d; /^access = {/,/^}/d' "$TF_ENVIRONMENTS/dev/platform.tfvars"
  printf 'addons = {}\n' >>"$TF_ENVIRONMENTS/dev/platform.tfvars"
  sed -i 's/^auth .*/auth = { mode = "off" }/' "$TF_ENVIRONMENTS/dev/service.tfvars"
  printf 'lambda = { zips = "%s", deployment = "AllAtOnce" }\n' "$zips" >"$work/lambda"
  sed -i "/^lambda /d; \$r $work/lambda" "$TF_ENVIRONMENTS/dev/service.tfvars"

  # Another account is refused before anything is created.
  cp -r "$TF_ENVIRONMENTS/dev" "$TF_ENVIRONMENTS/other"
  sed -i 's/123456789012/999999999999/' "$TF_ENVIRONMENTS"/other/*
  if terraform/tf other bootstrap create -auto-approve -input=false >"$work/log" 2>&1 || ! grep -q 'account ID not allowed' "$work/log"; then
    cat "$work/log" >&2
    fail 'another account is not refused'
  fi
  printf 'another account is refused\n'

  step 'bootstrap: create' terraform/tf dev bootstrap create -auto-approve -input=false -no-color
  local stack
  for stack in data platform service; do
    step "$stack: apply" apply "$stack"
  done
  : >"$MOTO_CALLS"
  # Two at a time: each run of terraform keeps one core busy most of the time.
  plans_again platform bootstrap &
  plans_again service data
  wait $!
  .ci/terraform/ci_roles "$MOTO_CALLS"
  tf service output -json >"$work/outputs"
  local start=$SECONDS
  .ci/terraform/deployed "$work/outputs" "$zips" "$binaries"
  printf '%4d s  used as functions and pods\n' $((SECONDS - start))

  step 'restore: table and bucket under new names' restore
  restored equal

  # Nothing else changes the resources in the states, so they need no refresh.
  for stack in service platform data; do
    step "$stack: destroy" tf "$stack" destroy -refresh=false -auto-approve -input=false -compact-warnings
  done
  restored drop
  .ci/terraform/rest
}

run
