"""The stores' conformance suite on moto: each action that it calls is in a policy, and each action of a policy is called."""

import re
import subprocess

from support import moto
from support.paths import ROOT

POLICY = ROOT / "terraform/modules/access_policy/main.tf"
# With --workspace, to use the features of `just test`: nothing is compiled again. Sequentially: moto handles one call at a time.
SUITE = ["cargo", "test", "--workspace", "--test", "it", "aws::conformance", "--", "--test-threads=1"]
# Calls by which the suite creates its table, bucket and queues, and moto is woken: no part of Roster makes them.
PROVISIONS = {
    "dynamodb:CreateTable", "s3:CreateBucket", "s3:PutBucketNotification", "sqs:CreateQueue",
    "dynamodb:ListTables", "s3:ListAllMyBuckets", "sqs:ListQueues",
}


def test_the_suite_passes_and_calls_what_the_policies_allow(tmp_path):
    calls = tmp_path / "calls"
    with moto.running(MOTO_CALLS=str(calls)):
        subprocess.run(SUITE, cwd=ROOT, check=True)
    called = {line.split("\t")[1] for line in calls.read_text().splitlines()}
    # Less a key of conditions.
    allowed = set(re.findall(r'"((?:dynamodb|s3|sqs):[A-Za-z]+)"', POLICY.read_text())) - {"dynamodb:Attributes"}
    assert called
    assert not called - allowed - PROVISIONS, "is called, but no part may"
    assert not allowed - called, "is in a policy, but the suite never calls it"
    print(f"{len(called & allowed)} actions are called, which are all in the policies")
