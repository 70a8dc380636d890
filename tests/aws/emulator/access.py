"""Access control as in AWS, where moto does not support what Roster's policies use, and a record of calls by principal.

moto denies nothing until `POST /moto-api/reset-auth` sets the number of calls to allow first. Allowed calls are written to
the file MOTO_CALLS: a line with role (or access key), action and resource for each new one, and with what conditions of
policies compare, as JSON, if the request has some of it.
"""

import base64
import json
import os
import re
import sys
import threading
import time
import urllib.parse

from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda.responses import LambdaResponse
from moto.backup.responses import BackupResponse
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import AccessDeniedError
from moto.dynamodb.responses import DynamoHandler
from moto.ecr.responses import ECRResponse
from moto.eks.responses import EKSResponse
from moto.iam.models import iam_backends
from moto.iam.access_control import IAMPolicyStatement, IAMRequestBase, PermissionResult
from moto.iam.responses import IamResponse
from moto.s3.models import FakeKey, s3_backends
from moto.s3.responses import ACTION_MAP
from moto.sns.responses import SNSResponse
from moto.sqs.responses import SQSResponse
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.sts.models import sts_backends

calls = os.environ.get("MOTO_CALLS")
written = set()


def table_or_index(self):
    """The ARN of the resource of DynamoDB's actions."""
    said = self.body
    table = said.get("TableName") or said.get("ResourceArn") or next(iter(said.get("RequestItems", {})), None)
    if table is None or table.startswith("arn:"):
        return table or "*"
    index = f"/index/{said['IndexName']}" if "IndexName" in said else ""
    return f"arn:aws:dynamodb:{self.region}:{self.current_account}:table/{table}{index}"


def queue(self):
    """The ARN of the resource of SQS's actions."""
    url = self._get_param("QueueUrl")
    return f"arn:aws:sqs:{self.region}:{self.current_account}:{url.rsplit('/', 1)[-1]}" if url else "*"


def identity(self):
    """The ARN of the resource of IAM's actions; also of one that is created, unlike moto's."""
    said = {name: values[0] for name, values in self.data.items()}
    iam = f"arn:aws:iam::{self.current_account}"
    if name := said.get("RoleName"):
        roles = [role.arn for role in iam_backends[self.current_account]["aws"].roles.values() if role.name == name]
        return roles[0] if roles else f"{iam}:role{said.get('Path', '/')}{name}"
    if name := said.get("PolicyName"):
        return f"{iam}:policy{said.get('Path', '/')}{name}"
    if url := said.get("Url"):
        return f"{iam}:oidc-provider/{url.removeprefix('https://')}"
    return said.get("PolicyArn") or said.get("OpenIDConnectProviderArn") or "*"


def parameter(self):
    """The ARN of the resource of Parameter Store's actions. The parameters that AWS publishes are in no account."""
    name = self._get_param("Name") or self._get_param("ResourceId") or next(iter(self._get_param("Names") or []), None)
    account = "" if str(name).startswith("/aws/service/") else self.current_account
    return f"arn:aws:ssm:{self.region}:{account}:parameter/{name.removeprefix('/')}" if name else "*"


def function(self):
    """The ARN of the resource of Lambda's actions on functions."""
    name = self.path.partition("/functions/")[2].partition("/")[0]
    return f"arn:aws:lambda:{self.region}:{self.current_account}:function:{name}" if name else "*"


def topic(self):
    return self._get_param("TopicArn") or self._get_param("ResourceArn") or "*"


def repository(self):
    name = self._get_param("repositoryName")
    return f"arn:aws:ecr:{self.region}:{self.current_account}:repository/{name}" if name else self._get_param("resourceArn") or "*"


def cluster(self):
    """The ARN of the resource of EKS's actions: a cluster, or a node group, behind whose name AWS has an id too."""
    path = urllib.parse.unquote(self.path)
    if path.startswith("/tags/"):
        return path.removeprefix("/tags/")
    _, _, *names = path.split("/")
    name, group = (names[0] if names else self._get_param("name")), "".join(names[2:3])
    part = f"nodegroup/{name}/{group}" if names[1:2] == ["node-groups"] and group else f"cluster/{name}"
    return f"arn:aws:eks:{self.region}:{self.current_account}:{part}"


def vault(self):
    """The ARN of the resource of AWS Backup's actions on vaults."""
    name = self.path.partition("/backup-vaults/")[2].partition("/")[0]
    return f"arn:aws:backup:{self.region}:{self.current_account}:backup-vault:{name}" if name else "*"


def http_api(self):
    """API Gateway's actions are named after methods, and its resources after paths."""
    return f"arn:aws:apigateway:{self.region}::{self.path.removeprefix('/v2')}"


RESOURCES = {
    DynamoHandler: table_or_index, SQSResponse: queue, IamResponse: identity, SimpleSystemManagerResponse: parameter, LambdaResponse: function,
    SNSResponse: topic, ECRResponse: repository, ApiGatewayV2Response: http_api, EKSResponse: cluster,
    BackupResponse: vault,
}
for responses, determine in RESOURCES.items():
    responses._determine_resource = determine


def context(self):
    """The condition keys of the request by which a policy of Roster decides."""
    if isinstance(self, DynamoHandler):
        key = self.body.get("Key") or self.body.get("Item") or {}
        return {"dynamodb:LeadingKeys": list(key["id"].values()), "dynamodb:Attributes": attributes(self.body)} if "id" in key else {}
    if isinstance(self, IamResponse) and (name := self.data.get("RoleName")):
        sent = self.data.get("PermissionsBoundary", [None])[0]
        role = next((role for role in iam_backends[self.current_account]["aws"].roles.values() if role.name == name[0]), None)
        boundary = sent or (role and role.permissions_boundary_arn)
        return {"iam:PermissionsBoundary": boundary} if boundary else {}
    return {}


# The words of expressions that are neither names nor functions.
WORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN"}


def attributes(request):
    """All that a request on one item names: its key or content, and the names in its expressions, declared (`#name`) or not."""
    expressions = " ".join(value for field, value in request.items() if field.endswith("Expression"))
    words = set(re.findall(r"(?<![#:\w])[A-Za-z_]\w*\b(?!\s*\()", expressions))
    declared = request.get("ExpressionAttributeNames", {}).values()
    older = (request.get(field, {}) for field in ("Key", "Item", "AttributeUpdates", "Expected"))
    return sorted({*declared, *(word for word in words if word.upper() not in WORDS)}.union(*older))


# Actions whose names in policies differ from the API, by https://docs.aws.amazon.com/service-authorization/latest/reference/
# SQS's on batches are allowed by those on one message.
NAMES = {
    **{f"sqs:{action}Batch": f"sqs:{action}" for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")},
    "s3:HeadBucket": "s3:ListBucket",
    "lambda:ListTagsForResource": "lambda:ListTags",
}
SERVICES = {"monitoring": "cloudwatch"}
# Reads of a bucket's settings, which moto takes for lists of its objects.
ACTION_MAP["BUCKET"]["GET"].update({
    "encryption": "GetEncryptionConfiguration",
    "object-lock": "GetBucketObjectLockConfiguration",
    "ownershipControls": "GetBucketOwnershipControls",
    "publicAccessBlock": "GetBucketPublicAccessBlock",
    "replication": "GetReplicationConfiguration",
    "requestPayment": "GetBucketRequestPayment",
})


def named(service, action, method):
    """The name of the action in policies. API Gateway's are those of methods."""
    service = SERVICES.get(service, service)
    called = f"{service}:{method if service == 'apigateway' else action}"
    return NAMES.get(called, called)


check = IAMRequestBase.check_action_permitted


def check_named(self, resource):
    service, _, action = self._action.partition(":")
    self._action = named(service, action, self._method)
    check(self, resource)


IAMRequestBase.check_action_permitted = check_named

decide = IAMPolicyStatement.is_action_permitted


class Deciding(threading.local):
    """On the request of this thread; `context` is what policies compare."""

    context = {}


deciding = Deciding()


def decide_with_conditions(statement, *arguments, **options):
    """moto treats unknown conditions as true. So it would deny everything that is denied without TLS, which is not used here, and allow
    any item and attribute."""
    conditions = statement._statement.get("Condition", {})
    if any("aws:SecureTransport" in keys for keys in conditions.values()):
        return PermissionResult.NEUTRAL
    for key, permitted in conditions.get("ForAllValues:StringEquals", {}).items():
        if set(deciding.context.get(key, [])) - set(listed(permitted)):
            return PermissionResult.NEUTRAL
    return decide(statement, *arguments, **options)


IAMPolicyStatement.is_action_permitted = decide_with_conditions

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
    if not calls:
        return
    line = f"{principal(self.headers)}\t{named(''.join(service), action, self.method)}\t{resource}"
    compared = context(self)
    line += f"\t{json.dumps(compared)}\n" if compared else "\n"
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
    deciding.context = context(self)
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
