"""Decides on requests by the statements of identity policies, as IAM does, and fails on a statement that it cannot evaluate."""

import json
import re

ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
# Keys that `context` has if the request has them: any other key is unknown here, not missing.
KEYS = {"dynamodb:Attributes", "dynamodb:LeadingKeys", "iam:AWSServiceName", "iam:PermissionsBoundary", "kms:ResourceAliases", "kms:ViaService"}


class Undecided(AssertionError):
    """The statement has something that this evaluation does not know."""


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(document):
    return listed((document if isinstance(document, dict) else json.loads(document))["Statement"])


def like(pattern, text):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.S) is not None


OPERATORS = {"StringEquals": lambda wanted, value: wanted == value, "StringLike": like, "ArnEquals": like, "ArnLike": like}


def may(policy, action, resource=None, context=None):
    """Whether a statement allows the request, and none denies it. An unknown resource counts as any that a statement allows."""
    verdicts = {one["Effect"] for one in policy if applies(one, action, resource, context or {})}
    return verdicts == {"Allow"}


def applies(statement, action, resource, context):
    if unknown := statement.keys() - ELEMENTS:
        raise Undecided(f"unknown elements {sorted(unknown)}: {statement}")
    if "${" in json.dumps(statement):
        raise Undecided(f"a policy variable: {statement}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise Undecided(f"an unknown effect: {statement}")
    # Names of actions match in any case, resources in theirs.
    if not matches(statement, "Action", action.lower(), str.lower):
        return False
    if resource is None and not (statement["Effect"] == "Allow" or listed(statement.get("Resource")) == ["*"]):
        raise Undecided(f"whether {action} of an unknown resource is denied: {statement}")
    if resource is not None and not matches(statement, "Resource", resource):
        return False
    # All are evaluated, so that none hides an unknown one.
    return all([met(*one, context) for one in conditions(statement)])


def matches(statement, element, text, prepared=str):
    negated = f"Not{element}" in statement
    patterns = listed(statement[f"Not{element}" if negated else element])
    return negated != any(like(prepared(pattern), text) for pattern in patterns)


def conditions(statement):
    return [(operator, key, listed(values)) for operator, keys in statement.get("Condition", {}).items() for key, values in keys.items()]


def met(operator, key, wanted, context):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"""
    sets, _, name = operator.rpartition(":")
    if name not in OPERATORS or sets not in ("", "ForAnyValue", "ForAllValues"):
        raise Undecided(f"an unknown operator {operator} on {key}")
    if key not in KEYS:
        raise Undecided(f"an unknown key {key} of {operator}")
    found = [any(OPERATORS[name](one, value) for one in wanted) for value in listed(context.get(key, []))]
    return all(found) if sets == "ForAllValues" else any(found)
