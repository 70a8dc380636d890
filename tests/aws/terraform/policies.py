"""Checks that the policies allow exactly the calls that were made, and those that AWS makes with the role (implied.tsv)."""

import fnmatch
import json
import pathlib

import boto3

IMPLIED = pathlib.Path(__file__).parent / "implied.tsv"


def of_roles(roles):
    """The statements of each role in IAM: those for its code, and those for AWS services."""
    iam = boto3.client("iam")
    of = {}
    for name, arn in roles.items():
        role = arn.rsplit("/", 1)[-1]
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            document = document if isinstance(document, dict) else json.loads(document)
            of[name, policy] = document["Statement"]
    return of


def listed(value):
    return value if isinstance(value, list) else [value]


def grants(statements):
    return [(action, resource) for one in statements for action in listed(one["Action"]) for resource in listed(one["Resource"])]


def compare(policies, roles, recorded):
    called = {tuple(line.split("\t")[:3]) for line in recorded.splitlines()}
    implied = {tuple(line.split("\t")[:2]): line.split("\t")[2] for line in IMPLIED.read_text().splitlines() if not line.startswith("#")}
    wrong, seen = [], set()
    for (name, policy), statements in sorted(policies.items()):
        of_this = {(action, resource) for role, action, resource in called if role == roles[name].rsplit("/", 1)[-1]}
        granted = grants(statements)
        if any("*" in action for action, _ in granted):
            wrong.append(f"{name}: an action with an asterisk")
        for action, resource in granted:
            if policy == "access":
                if not any(action == done and fnmatch.fnmatchcase(to, resource) for done, to in of_this):
                    wrong.append(f"{name} may {action} of {resource}, but never does")
            elif (policy, action) in implied:
                seen.add((policy, action))
            else:
                wrong.append(f"{name}: {action} of the policy {policy} is not in {IMPLIED.name}")
        if policy == "access":
            for action, resource in sorted(of_this):
                known = any(action == allowed and fnmatch.fnmatchcase(resource, to) for allowed, to in granted)
                source = any(action == allowed and fnmatch.fnmatchcase(resource, to) for allowed, to in grants(policies.get((name, "runtime"), [])))
                if not known and not source and not action.startswith("sts:"):
                    wrong.append(f"{name} called {action} of {resource}, but may not")
            print(f"{name}: {len(granted)} actions on resources, {len(of_this)} calls of them")
    for policy, action in implied.keys() - seen:
        wrong.append(f"{action} of the policy {policy} is in {IMPLIED.name}, but in no policy")
    assert not wrong, "\n".join(["the policies differ from the calls:", *wrong])
