#!/bin/sh
# The bucket of Terraform states. It is in LocalStack like the resources: after a restart LocalStack has neither.
set -eu
awslocal s3api head-bucket --bucket roster-local-states 2>/dev/null || awslocal s3 mb s3://roster-local-states
