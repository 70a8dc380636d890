#!/usr/bin/env python3
"""Checks the calls of the stores' conformance suite on moto: each action is in a policy, and each action of a policy is called.

    MOTO_CALLS=CALLS .ci/with-moto cargo test …; .ci/terraform/conformance CALLS
"""

import pathlib
import re
import sys

policy = pathlib.Path(__file__).parents[2] / "terraform/modules/access_policy/main.tf"
allowed = set(re.findall(r'"((?:dynamodb|s3|sqs):[A-Za-z]+)"', policy.read_text()))
called = {line.split("\t")[1] for line in pathlib.Path(sys.argv[1]).read_text().splitlines()}
# Calls by which the suite creates its table, bucket and queues, and .ci/with-moto wakes moto: no part of Roster makes them.
PROVISIONS = {
    "dynamodb:CreateTable", "s3:CreateBucket", "s3:PutBucketNotification", "sqs:CreateQueue",
    "dynamodb:ListTables", "s3:ListAllMyBuckets", "sqs:ListQueues",
}
if not called:
    sys.exit("conformance: nothing was called")
wrong = [f"{action} is called, but no part may" for action in sorted(called - allowed - PROVISIONS)]
wrong += [f"{action} is in a policy, but the suite never calls it" for action in sorted(allowed - called)]
if wrong:
    sys.exit("\n".join(wrong))
print(f"{len(called & allowed)} actions are called, which are all in the policies")
