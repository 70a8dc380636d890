"""Checks the workflow roles of an environment against its calls on moto: `plan` may make those of plans, `apply` those of applies and
destroys, and neither of them in another environment. Every role of Roster has a boundary that allows its policies.

What moto cannot make, so that no plan reads it, is in unapplied.tsv."""

import json
import pathlib
import re

import boto3
from iam import conditions, listed, may, statements
from support.moto import ACCOUNT

# Allowed for everyone, regardless of policies.
FREE = {"sts:GetCallerIdentity"}
# Types of resources that moto cannot make, with actions by which a plan reads them, and the ARN of `dev` that they are limited to.
UNAPPLIED = [line.split("\t") for line in (pathlib.Path(__file__).parent / "unapplied.tsv").read_text().splitlines() if not line.startswith("#")]
BOUNDARY = "iam:PermissionsBoundary"


class Roles:
    """The workflow roles that the stack `bootstrap` made for an environment."""

    def __init__(self, environment):
        self.environment, self.iam = environment, boto3.client("iam")
        self.plan, self.apply = (self.statements(f"roster-{environment}-ci-{name}") for name in ("plan", f"apply-{environment}"))

    def statements(self, role):
        inline = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in inline]
        attached = self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        documents += [managed(self.iam, one["PolicyArn"]) for one in attached]
        return [one for document in documents for one in statements(document)]

    def may_plan(self, recorded):
        """`recorded` are the calls of plans of all stacks, as moto writes them."""
        called = calls(recorded)
        assert len({action for action, *_ in called}) >= 40, f"these are not the plans of all stacks: {sorted(map(str, called))}"
        self.allowed("plan", self.plan, called)
        self.denied_elsewhere("plan", self.plan, called)
        user = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/roster-{self.environment}-users"
        assert not may(self.plan, "dynamodb:GetItem", user, {"dynamodb:LeadingKeys": ["0" * 64]}), "the plan role may read users"

    def may_apply(self, recorded):
        """Calls of applies or destroys of the stacks that workflows apply."""
        called = calls(recorded)
        assert any(action.startswith("iam:") for action, *_ in called), f"no role was made or deleted: {sorted(map(str, called))}"
        self.allowed("apply", self.apply, called)
        self.denied_elsewhere("apply", self.apply, {one for one in called if one[0].startswith("iam:")})

    def allowed(self, name, policy, called):
        refused = [one for one in sorted(called, key=str) if not may(policy, one[0], one[1], json.loads(one[2]))]
        assert not refused, lines(f"{self.environment}: {name} makes calls that its role may not make:", refused)

    def denied_elsewhere(self, name, policy, called):
        """The same calls on what belongs to another environment."""
        renamed = {(action, self.renamed(resource), self.renamed(context)) for action, resource, context in called if resource}
        there = [one for one in sorted(renamed) if re.search(r"\broster[-/]other\b", one[1])]
        assert there, f"{name} calls nothing that belongs to an environment"
        allowed = [one for one in there if may(policy, one[0], one[1], json.loads(one[2]))]
        assert not allowed, lines(f"{self.environment}: the role {name} may call this of another environment:", allowed)

    def may_make(self, resources):
        """`resources` are those of plans of all stacks but `bootstrap`; returns the types of which moto could not make all."""
        made = [one for one in resources if one["change"]["actions"] != ["create"]]
        lacking = {one["type"] for one in resources if one not in made}
        wrong = [f"{one['address']} would be destroyed" for one in made if "delete" in one["change"]["actions"]]
        for kind, actions, arn in UNAPPLIED:
            if kind in lacking:
                wrong += [what for action in actions.split() for what in self.wrong_with_read(kind, action, arn)]
        for one in resources:
            after = one["change"]["after"]
            if one["type"] == "aws_iam_role":
                wrong += self.wrong_with_role(after["name"], after["path"], after["permissions_boundary"])
            if one["type"] == "aws_kms_alias" and after["name"] == f"alias/roster-{self.environment}-data":
                wrong += self.wrong_with_key()
        assert not wrong, lines(f"{self.environment}:", wrong)
        return lacking

    def renamed(self, text):
        """The same of another environment: names begin with roster-ENVIRONMENT, and those of parameters with roster/ENVIRONMENT."""
        return re.sub(rf"\broster([-/]){self.environment}\b", r"roster\1other", text)

    def wrong_with_read(self, kind, action, arn):
        here, other = (None if arn == "-" else arn.replace("roster-dev", f"roster-{name}") for name in (self.environment, "other"))
        if not may(self.plan, action, here):
            yield f"plan reads {kind}, but may not {action} of {here or 'any resource'}"
        if other and may(self.plan, action, other):
            yield f"plan may {action} of {other}"

    def wrong_with_role(self, name, path, boundary):
        arn = f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
        for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"):
            if not may(self.apply, action, arn, {BOUNDARY: boundary}):
                yield f"apply may not {action} of {arn} with {boundary}"
            for other in ({}, {BOUNDARY: "arn:aws:iam::aws:policy/AdministratorAccess"}):
                if may(self.apply, action, arn, other):
                    yield f"apply may {action} of {arn} with {other or 'no boundary'}"
        # With this role a job of AWS Backup may overwrite any table: only a person passes it.
        by_person = name == f"roster-{self.environment}-restore"
        if may(self.apply, "iam:PassRole", arn) == by_person:
            yield f"apply {'may' if by_person else 'may not'} pass {arn}"
        yield from (f"apply may not {action} of {arn}" for action in ("iam:GetRole", "iam:TagRole", "iam:DeleteRole") if not may(self.apply, action, arn))

    def wrong_with_key(self):
        """A plan reads the item and the objects of Terraform, which the key of the data encrypts."""
        key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"
        for service in ("dynamodb", "s3"):
            via = {"kms:ViaService": f"{service}.eu-central-1.amazonaws.com"}
            for alias, expected in ((f"roster-{self.environment}-data", True), (f"roster-{self.environment}-alerts", False), ("roster-other-data", False)):
                if may(self.plan, "kms:Decrypt", key, {**via, "kms:ResourceAliases": [f"alias/{alias}"]}) is not expected:
                    yield f"plan {'may not' if expected else 'may'} decrypt with {alias} by {service}"
        if may(self.plan, "kms:Decrypt", key, {"kms:ResourceAliases": [f"alias/roster-{self.environment}-data"]}):
            yield "plan may decrypt other than by the stores"


def lines(title, wrong):
    return "\n".join([title, *(one if isinstance(one, str) else " ".join(filter(None, one)) for one in wrong)])


def made_by(principal, calls):
    """The recorded calls of a role or, with the name of an environment, of its administrator."""
    return "".join(line for line in calls.read_text().splitlines(keepends=True) if line.startswith(f"{principal}\t"))


def calls(recorded):
    return set(filter(None, map(call_of, recorded.splitlines())))


def call_of(line):
    """Action, resource and context as JSON; the resource is None where moto does not know it, and all is None where everyone may call it."""
    _, action, resource, *context = line.split("\t")
    return None if action in FREE else (action, resource if resource.startswith("arn:") else None, context[0] if context else "{}")


def managed(iam, arn):
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def check_boundaries(environment):
    iam = boto3.client("iam")
    roles = [role["RoleName"] for role in iam.list_roles(MaxItems=1000)["Roles"]]
    bounded = [name for name in roles if name.startswith(f"roster-{environment}-") and not name.startswith(f"roster-{environment}-ci-")]
    assert bounded, "no role of Roster is there"
    wrong = [what for name in bounded for what in outside_boundary(iam, name)]
    assert not wrong, "\n".join(wrong)


def outside_boundary(iam, name):
    boundary = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if not boundary:
        yield f"{name} has no boundary"
        return
    limit = statements(managed(iam, boundary))
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        for one in statements(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]):
            # As wide as the statement: a resource with an asterisk must match the boundary's as it is.
            yield from (
                f"{name} may {action} of {resource}, which its boundary denies"
                for action in listed(one["Action"]) for resource in listed(one["Resource"]) if not may(limit, action, resource, required(one))
            )


def required(statement):
    """What a request has that meets the conditions of the statement."""
    return {key: values for operator, key, values in conditions(statement) if operator == "StringEquals"}
