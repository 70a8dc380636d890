"""The evaluation of policies in iam.py."""

import pytest
from iam import Undecided, may

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/roster-dev-users"


def statement(effect="Allow", action="dynamodb:GetItem", resource=TABLE, **further):
    return {"Effect": effect, "Action": action, "Resource": resource, **further}


def on_boundary(operator="StringEquals", key="iam:PermissionsBoundary", value="boundary"):
    return statement(action="iam:*", resource="*", Condition={operator: {key: value}})


@pytest.mark.parametrize(("policy", "allowed"), [
    ([], False),
    ([statement()], True),
    ([statement(action=["dynamodb:Put*", "DynamoDB:get?tem"], resource="arn:*:table/roster-*")], True),
    ([statement(action="dynamodb:Get")], False),
    ([statement(resource=f"{TABLE}-2")], False),
    ([statement(resource=TABLE.upper())], False),
    ([statement(resource="arn:aws:dynamodb:*:table/roster-[d]ev-users")], False),
    ([statement(), statement("Deny", "dynamodb:*", "*")], False),
    ([statement("Deny", "dynamodb:*", "*"), statement()], False),
    ([statement(), statement("Deny", "dynamodb:*", f"{TABLE}-2")], True),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
    ([{"Effect": "Allow", "NotAction": ["iam:*", "dynamodb:*"], "Resource": "*"}], False),
    ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*"}], True),
    ([{"Effect": "Allow", "Action": "*", "NotResource": f"{TABLE}*"}], False),
])
def test_a_request_is_allowed_by_one_statement_and_denied_by_none(policy, allowed):
    assert may(policy, "dynamodb:GetItem", TABLE) is allowed


@pytest.mark.parametrize(("operator", "values", "allowed"), [
    ("StringEquals", "boundary", True),
    ("StringEquals", "other", False),
    ("StringEquals", None, False),
    ("StringLike", "boundary", True),
    ("ForAnyValue:StringEquals", ["other", "boundary"], True),
    ("ForAnyValue:StringEquals", None, False),
    ("ForAllValues:StringEquals", ["other", "boundary"], False),
    ("ForAllValues:StringEquals", None, True),
])
def test_a_condition_decides_by_the_context_of_the_request(operator, values, allowed):
    context = {} if values is None else {"iam:PermissionsBoundary": values}
    assert may([on_boundary(operator)], "iam:CreateRole", "role", context) is allowed


def test_all_conditions_must_be_met():
    both = {"StringEquals": {"kms:ViaService": "dynamodb", "kms:ResourceAliases": "alias/data"}}
    policy = [statement(action="kms:Decrypt", resource="*", Condition=both)]
    assert not may(policy, "kms:Decrypt", "key", {"kms:ViaService": "dynamodb"})
    assert may(policy, "kms:Decrypt", "key", {"kms:ViaService": "dynamodb", "kms:ResourceAliases": ["alias/data"]})


@pytest.mark.parametrize("policy", [
    [on_boundary("StringNotEquals")],
    [on_boundary("StringEqualsIfExists")],
    [on_boundary("ForSomeValues:StringEquals")],
    [on_boundary(key="aws:SourceVpce")],
    [on_boundary(value="${aws:username}")],
    [statement(action="iam:*", resource="*", Principal="*")],
    [statement("Maybe", "iam:*", "*")],
])
def test_what_is_unknown_is_an_error(policy):
    with pytest.raises(Undecided):
        may(policy, "iam:CreateRole", "role", {"iam:PermissionsBoundary": "other"})


def test_a_denial_of_certain_resources_needs_the_resource():
    policy = [statement(), statement("Deny", "dynamodb:*", f"{TABLE}-2")]
    with pytest.raises(Undecided):
        may(policy, "dynamodb:GetItem")
    assert may([statement()], "dynamodb:GetItem")
