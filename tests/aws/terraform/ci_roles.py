#!/usr/bin/env python3
"""Checks the workflow roles against the calls on moto: the plan role may make every call of a plan, and every role of Roster has a
boundary that allows its policies.

    .ci/terraform/ci_roles CALLS      the file in which moto wrote the calls of plans of all stacks
"""

import fnmatch
import json
import pathlib
import sys

import boto3

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

iam = boto3.client("iam")


def listed(value):
    return value if isinstance(value, list) else [value]


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


wrong = []
# Services for which moto knows the resource of a call.
WITH_RESOURCES = ("dynamodb:", "s3:", "sqs:")
called = set()
for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    _, call, resource = line.split("\t")
    action = named(call)
    if action not in FREE:
        called.add((action, resource if action.startswith(WITH_RESOURCES) and resource.startswith("arn:") else None))
if len({action for action, _ in called}) < 40:
    sys.exit(f"ci_roles: {len(called)} different calls are not the plans of all stacks: {sorted(map(str, called))}")
plan = statements(iam.get_role_policy(RoleName="roster-dev-ci-plan", PolicyName="plan")["PolicyDocument"])
wrong += [f"a plan calls {action} of {resource or 'its resource'}, but the role may not" for action, resource in sorted(called, key=str) if not may(plan, action, resource)]

bounded = 0
for role in iam.list_roles(MaxItems=1000)["Roles"]:
    name = role["RoleName"]
    if not name.startswith("roster-dev-") or name.startswith("roster-dev-ci-"):
        continue
    boundary = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if not boundary:
        wrong.append(f"{name} has no boundary")
        continue
    bounded += 1
    version = iam.get_policy(PolicyArn=boundary)["Policy"]["DefaultVersionId"]
    limit = statements(iam.get_policy_version(PolicyArn=boundary, VersionId=version)["PolicyVersion"]["Document"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        for one in statements(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]):
            wrong += [f"{name} may {action}, which its boundary denies" for action in listed(one["Action"]) if not may(limit, action)]
if not bounded:
    wrong.append("no role of Roster is there")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{len(called)} different calls of plans are allowed for the plan role; {bounded} roles have a boundary")
