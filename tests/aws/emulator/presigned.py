"""Presigned URLs as on S3: their signature and time are checked, and the request is authorized as that of the signer.

moto accepts any presigned request while policies are not enforced, and fails on all of them afterwards.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import base64
import datetime
import hashlib
import hmac
import io
import urllib.parse

from moto.sts.models import sts_backends

ALGORITHM = "AWS4-HMAC-SHA256"
# Of the keys that have no role (support/moto.py).
SECRETS = {"test": "test"}


def admit(environment):
    """Moves the signature to the header, where moto reads it; returns None, or status and code of S3's error."""
    if environment["REQUEST_METHOD"] == "OPTIONS":
        return None  # a preflight has the URL, and is not signed
    query = dict(urllib.parse.parse_qsl(environment.get("QUERY_STRING", ""), keep_blank_values=True))
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        return None
    key, date, region, service, _ = query["X-Amz-Credential"].split("/")
    names = query["X-Amz-SignedHeaders"].split(";")
    begins = datetime.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if datetime.datetime.now(datetime.timezone.utc) > begins + datetime.timedelta(seconds=int(query["X-Amz-Expires"])):
        return "403 Forbidden", "AccessDenied"
    request = "\n".join([environment["REQUEST_METHOD"], *canonical(environment, names)])
    text = "\n".join([ALGORITHM, query["X-Amz-Date"], f"{date}/{region}/{service}/aws4_request", hashlib.sha256(request.encode()).hexdigest()])
    if not hmac.compare_digest(signature(secret(key), (date, region, service, "aws4_request"), text), query["X-Amz-Signature"]):
        return "403 Forbidden", "SignatureDoesNotMatch"
    if not has_its_checksum(environment):
        return "400 Bad Request", "BadDigest"
    environment["HTTP_AUTHORIZATION"] = (
        f"{ALGORITHM} Credential={query['X-Amz-Credential']}, SignedHeaders={query['X-Amz-SignedHeaders']}, Signature={query['X-Amz-Signature']}"
    )
    if "X-Amz-Security-Token" in query:
        environment["HTTP_X_AMZ_SECURITY_TOKEN"] = query["X-Amz-Security-Token"]
    return None


def canonical(environment, names):
    """Path, query, headers and payload as they are signed. A signed header that was not sent is empty here."""
    path, _, query = environment["REQUEST_URI"].partition("?")
    pairs = [tuple(map(encoded, pair.partition("=")[::2])) for pair in query.split("&")]
    yield path
    yield "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "X-Amz-Signature")
    yield "".join(f"{name}:{' '.join(header(environment, name).split())}\n" for name in names)
    yield ";".join(names)
    yield header(environment, "x-amz-content-sha256") or "UNSIGNED-PAYLOAD"


def encoded(text):
    return urllib.parse.quote(urllib.parse.unquote(text), safe="-_.~")


def header(environment, name):
    variable = name.upper().replace("-", "_")
    return environment.get(variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}") or ""


def secret(key):
    roles = [role for partitions in sts_backends.values() for backend in partitions.values() for role in backend.assumed_roles]
    return {**SECRETS, **{role.access_key_id: role.secret_access_key for role in roles}}.get(key, "")


def signature(secret, scope, text):
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def has_its_checksum(environment):
    expected = header(environment, "x-amz-checksum-sha256")
    if not expected:
        return True
    body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
    environment["wsgi.input"] = io.BytesIO(body)
    return base64.b64encode(hashlib.sha256(body).digest()).decode() == expected


def refusal(start, status, code):
    start(status, [("Content-Type", "application/xml")])
    return [f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'.encode()]
