"""Access control as in AWS, where moto does not support what Roster's policies use, and a record of calls by principal.

moto denies nothing until `POST /moto-api/reset-auth` sets the number of calls to allow first. Allowed calls are written to
the file MOTO_CALLS: a line with role (or access key), action and resource for each new one.
"""

import base64
import json
import os
import sys
import time
import urllib.parse

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import AccessDeniedError
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import iam_backends
from moto.iam.access_control import IAMPolicyStatement, IAMRequestBase, PermissionResult
from moto.s3.models import FakeKey, s3_backends
from moto.sqs.responses import SQSResponse
from moto.sts.models import sts_backends

calls = os.environ.get("MOTO_CALLS")
written = set()


def table_or_index(self):
    """The ARN of the resource of DynamoDB's actions."""
    said = self.body
    table = said.get("TableName") or next(iter(said.get("RequestItems", {})), None)
    if table is None or table.startswith("arn:"):
        return table or "*"
    index = f"/index/{said['IndexName']}" if "IndexName" in said else ""
    return f"arn:aws:dynamodb:{self.region}:{self.current_account}:table/{table}{index}"


def queue(self):
    """The ARN of the resource of SQS's actions."""
    url = self._get_param("QueueUrl")
    return f"arn:aws:sqs:{self.region}:{self.current_account}:{url.rsplit('/', 1)[-1]}" if url else "*"


DynamoHandler._determine_resource = table_or_index
SQSResponse._determine_resource = queue

# SQS batch actions are allowed by the single action.
BATCHES = {f"{action}Batch": action for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}

decide = IAMPolicyStatement.is_action_permitted


def decide_as_over_tls(statement, *arguments, **named):
    """moto treats unknown conditions as true, and so denies everything that is denied without TLS. There is no TLS here."""
    if any("aws:SecureTransport" in keys for keys in statement._statement.get("Condition", {}).values()):
        return PermissionResult.NEUTRAL
    return decide(statement, *arguments, **named)


IAMPolicyStatement.is_action_permitted = decide_as_over_tls

# It would have to support how each SDK signs a stream. The access key identifies the caller.
IAMRequestBase.check_signature = lambda request: None


def principal(headers):
    key = headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
    for partitions in sts_backends.values():
        for backend in partitions.values():
            for role in backend.assumed_roles:
                if role.access_key_id == key:
                    return role.role_arn.rsplit("/", 1)[-1]
    return key


def write(self, action, resource):
    service = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")[3:4]
    line = f"{principal(self.headers)}\t{''.join(service)}:{BATCHES.get(action, action)}\t{resource}\n"
    if not calls:
        return
    with open(calls, "a") as file:
        # Emptying the file starts a new record.
        if file.tell() == 0:
            written.clear()
        if line not in written:
            written.add(line)
            file.write(line)


def trust(self):
    """Whether the role trusts the subject of the token now. The signature is not checked."""
    payload = self._get_param("WebIdentityToken").split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    arn = self._get_param("RoleArn")
    role = iam_backends[self.current_account]["aws"].get_role_by_arn(arn)
    for statement in json.loads(role.assume_role_policy_document)["Statement"]:
        wanted = statement.get("Condition", {}).get("StringEquals", {})
        said = {name: listed(claims.get(name.rsplit(":", 1)[-1])) for name in wanted}
        if statement["Action"] == "sts:AssumeRoleWithWebIdentity" and claims["exp"] > time.time() and wanted:
            if all(set(said[name]) & set(listed(values)) for name, values in wanted.items()):
                return
    raise AccessDeniedError(user_arn=str(claims.get("sub")), action="sts:AssumeRoleWithWebIdentity")


def listed(value):
    return value if isinstance(value, list) else [value]


authorize = ActionAuthenticatorMixin._authenticate_and_authorize_action


def allow(self, request_class, action, resource):
    try:
        authorize(self, request_class, resource)
    except Exception:
        print(f"denied: {principal(self.headers)} {action} {resource}", file=sys.stderr)
        raise
    write(self, action, resource)


def authorize_and_write(self, request_class, resource="*"):
    # S3 answers preflights to everyone, by the bucket's CORS configuration.
    if self.method == "OPTIONS":
        return
    action = self._get_action()
    # A web identity signs nothing: the trust of the role is checked against its token.
    if action == "AssumeRoleWithWebIdentity":
        trust(self)
        return
    resources = [resource]
    # DeleteObjects is authorized for each object.
    if action == "DeleteObject" and "/" not in resource and "DeleteObjects" not in self.path and self.body:
        keys = [part.split("</Key>")[0] for part in str(self.body).split("<Key>")[1:]]
        resources = [f"{resource}/{urllib.parse.unquote(key)}" for key in keys] or resources
    for one in resources:
        allow(self, request_class, action, one)
    # S3 reveals that an object is missing only to callers that may list the bucket.
    if action == "GetObject" and self.method in ("GET", "HEAD"):
        bucket, _, key = resource.partition(":::")[2].partition("/")
        keys = s3_backends[self.current_account]["aws"].buckets.get(bucket)
        if keys is not None and not isinstance(keys.keys.get(key), FakeKey):
            self.data["Action"] = "ListBucket"
            allow(self, request_class, "ListBucket", resource.partition("/")[0])
            self.data["Action"] = action


ActionAuthenticatorMixin._authenticate_and_authorize_action = authorize_and_write
