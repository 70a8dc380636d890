#!/bin/sh
# The bucket of Terraform's states. It stands where the resources do: a LocalStack that starts anew has neither.
set -eu
awslocal s3api head-bucket --bucket roster-local-states 2>/dev/null || awslocal s3 mb s3://roster-local-states
