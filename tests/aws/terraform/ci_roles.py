"""Checks the workflow roles against the calls on moto: the plan role may make every call of a plan, and every role of Roster has a
boundary that allows its policies."""

import fnmatch
import json

import boto3
from policies import listed

# Actions whose IAM names differ from the API, by https://docs.aws.amazon.com/service-authorization/latest/reference/
NAMES = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "lambda:ListTagsForResource": "lambda:ListTags",
}
SERVICES = {"monitoring": "cloudwatch"}
# Allowed for everyone, regardless of policies.
FREE = {"sts:GetCallerIdentity"}
# Services for which moto knows the resource of a call.
WITH_RESOURCES = ("dynamodb:", "s3:", "sqs:")


def statements(document):
    return (document if isinstance(document, dict) else json.loads(document))["Statement"]


def may(policy, action, resource=None):
    """Without a resource, by the action only."""
    return any(
        one["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(action, pattern) for pattern in listed(one["Action"]))
        and (resource is None or any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(one["Resource"])))
        for one in policy
    )


def named(call):
    service, action = call.split(":", 1)
    service = SERVICES.get(service, service)
    return "apigateway:GET" if service == "apigateway" and action.startswith("Get") else NAMES.get(f"{service}:{action}", f"{service}:{action}")


def check(recorded):
    """`recorded` are the calls of plans of all stacks, as moto writes them."""
    iam = boto3.client("iam")
    called = set(filter(None, map(call_of, recorded.splitlines())))
    assert len({action for action, _ in called}) >= 40, f"these are not the plans of all stacks: {sorted(map(str, called))}"
    plan = statements(iam.get_role_policy(RoleName="roster-dev-ci-plan", PolicyName="plan")["PolicyDocument"])
    refused = [f"{action} of {resource or 'its resource'}" for action, resource in sorted(called, key=str) if not may(plan, action, resource)]
    assert not refused, "\n".join(["a plan calls what its role may not:", *refused])
    roles = [role["RoleName"] for role in iam.list_roles(MaxItems=1000)["Roles"]]
    bounded = [name for name in roles if name.startswith("roster-dev-") and not name.startswith("roster-dev-ci-")]
    assert bounded, "no role of Roster is there"
    wrong = [what for name in bounded for what in outside_boundary(iam, name)]
    assert not wrong, "\n".join(wrong)
    print(f"{len(called)} different calls of plans are allowed for the plan role; {len(bounded)} roles have a boundary")


def call_of(line):
    """Action and resource; the resource is None where moto does not know it, and all is None where everyone may call it."""
    _, call, resource = line.split("\t")
    action = named(call)
    if action in FREE:
        return None
    return action, resource if action.startswith(WITH_RESOURCES) and resource.startswith("arn:") else None


def outside_boundary(iam, name):
    boundary = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if not boundary:
        yield f"{name} has no boundary"
        return
    version = iam.get_policy(PolicyArn=boundary)["Policy"]["DefaultVersionId"]
    limit = statements(iam.get_policy_version(PolicyArn=boundary, VersionId=version)["PolicyVersion"]["Document"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        for one in statements(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]):
            yield from (f"{name} may {action}, which its boundary denies" for action in listed(one["Action"]) if not may(limit, action))
