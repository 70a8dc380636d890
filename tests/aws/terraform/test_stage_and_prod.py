"""stage and prod on moto, with their own values: made as far as moto can, and planned with the plan role while moto enforces its policy.

What moto lacks fails when it is made, and is still to be created in the plans, so that these do not read it: AWS Backup's selections,
EKS's add-ons and access entries, and Pod Identity, and the nodes, which wait for the add-ons. unapplied.tsv has their types, with the
actions that read them, for which the policy is evaluated. All else is planned as by a job for a pull request: with what GitHub's token
gets, and a denied call fails, also one that the provider ignores."""

import concurrent.futures
import contextlib
import itertools
import json

import boto3
import ci_roles
import pytest
from iam import listed
from stacks import Stacks, step
from support.paths import ROOT

# Those that workflows apply; the last reads what the others publish.
STACKS = ("data", "platform", "service")
# Any will do: no function runs here.
ZIPS = ROOT / "terraform/stacks/service/tests/zips"


def side_by_side(do, cases):
    """The results; terraform waits half of the time for what it makes."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(do, *zip(*cases)))


@pytest.fixture(scope="module")
def environments(moto, tmp_path_factory):
    return [Stacks(tmp_path_factory.mktemp(name), ZIPS, name) for name in ("stage", "prod")]


def test_they_are_made_by_calls_that_the_apply_role_may_make(environments, calls):
    for one in environments:
        with step(f"{one.name}: bootstrap: create"):
            # Without the rule for old versions of states, for which the provider waits a minute: `dev` has it.
            one.create("-target=module.ci_identity", "-target=module.state.module.bucket.aws_s3_bucket_policy.this")
    calls.write_text("")

    def make(one, stack):
        with step(f"{one.name}: {stack}: apply"):
            one.apply_what_moto_has(stack)

    for stacks in (STACKS[:-1], STACKS[-1:]):
        side_by_side(make, itertools.product(environments, stacks))
    for one in environments:
        ci_roles.Roles(one.name).may_apply(ci_roles.made_by(one.name, calls))
        ci_roles.check_boundaries(one.name)


def test_their_plans_need_no_more_than_the_plan_role(environments, calls, moto):
    calls.write_text("")

    def plan(one, stack):
        with step(f"{one.name}: {stack}: plan"):
            return one.resources(stack)

    planned = list(itertools.product(environments, ("bootstrap", *STACKS)))
    with contextlib.ExitStack() as roles, moto.enforcing():
        for one in environments:
            roles.enter_context(one.as_plan_role())
        resources = dict(zip(planned, side_by_side(plan, planned)))
    lacking = set()
    for one in environments:
        assert not moto.denied(one.plan_role), moto.denied(one.plan_role)
        roles = ci_roles.Roles(one.name)
        roles.may_plan(ci_roles.made_by(one.plan_role, calls))
        lacking |= roles.may_make([resource for stack in STACKS for resource in resources[one, stack]])
    assert lacking == {kind for kind, *_ in ci_roles.UNAPPLIED}, f"what moto cannot make differs from unapplied.tsv: {sorted(lacking)}"


def test_a_call_that_the_policy_lacks_fails_the_plan(environments, moto):
    stage, lacking = environments[0], "s3:GetEncryptionConfiguration"
    iam, policy = boto3.client("iam"), {"RoleName": stage.plan_role, "PolicyName": "plan"}
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    for one in document["Statement"]:
        one["Action"] = [action for action in listed(one["Action"]) if action != lacking]
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
    with stage.as_plan_role(), moto.enforcing(), pytest.raises(AssertionError, match="AccessDenied"):
        stage.resources("data")
    assert any(lacking.partition(":")[2] in line for line in moto.denied(stage.plan_role))
