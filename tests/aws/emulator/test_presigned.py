"""Presigned URLs on the emulator are authorized as the role that signed them, and only for what was signed."""

import base64
import hashlib
import json
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config
from support import moto as emulated
from support.waiting import until

BUCKET, BYTES = "uploads", b"the bytes of an image"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": f"arn:aws:s3:::{BUCKET}/sent/*"}]}


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    return tmp_path_factory.mktemp("presigned") / "calls"


@pytest.fixture(scope="module")
def signer(calls):
    """S3 as the role `sender`, which may put and get only below sent/."""
    with emulated.running(MOTO_CALLS=str(calls)) as moto:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        iam = boto3.client("iam")
        arn = iam.create_role(RoleName="sender", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="sender", PolicyName="access", PolicyDocument=json.dumps(MAY))
        role = moto.as_role(arn)
        moto.enforce(True)
        yield role.client("s3", config=Config(signature_version="s3v4"))
        moto.enforce(False)


def url(signer, key="sent/one", seconds=60, call="put_object", **parameters):
    return signer.generate_presigned_url(call, Params={"Bucket": BUCKET, "Key": key, **parameters}, ExpiresIn=seconds)


def ask(url, method="PUT", body=BYTES, **headers):
    """The status, and the body or the code of the error."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    # An empty one, so that urllib sets no type of its own.
    request = urllib.request.Request(url, body, {"Content-Type": "", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.status, error.read().decode().partition("<Code>")[2].partition("</Code>")[0]


def test_bytes_are_sent_and_read_as_the_role_that_signed(signer, calls):
    assert ask(url(signer))[0] == 200
    assert ask(url(signer, call="get_object"), "GET", None) == (200, BYTES)
    for action in ("PutObject", "GetObject"):
        assert f"sender\ts3:{action}\tarn:aws:s3:::{BUCKET}/sent/one" in calls.read_text().splitlines()


def test_a_url_allows_no_more_than_its_role(signer):
    assert ask(url(signer, "claimed/one")) == (403, "AccessDenied")


def test_a_url_is_for_one_object_and_one_method(signer):
    assert ask(url(signer).replace("sent/one", "sent/two")) == (403, "SignatureDoesNotMatch")
    assert ask(url(signer), "GET", None) == (403, "SignatureDoesNotMatch")


def test_another_size_or_type_is_refused(signer):
    signed = url(signer, ContentType="image/jpeg", ContentLength=len(BYTES))
    assert ask(signed, body=BYTES + b"!", content_type="image/jpeg") == (403, "SignatureDoesNotMatch")
    assert ask(signed, content_type="image/png") == (403, "SignatureDoesNotMatch")
    assert ask(signed, content_type="image/jpeg")[0] == 200


def test_other_bytes_than_those_of_a_signed_digest_are_refused(signer):
    digest = base64.b64encode(hashlib.sha256(BYTES).digest()).decode()
    signed = url(signer, ChecksumSHA256=digest)
    assert ask(signed, body=BYTES.upper(), x_amz_checksum_sha256=digest) == (400, "BadDigest")
    assert ask(signed, x_amz_checksum_sha256=digest)[0] == 200


def test_an_old_url_is_refused(signer):
    signed = url(signer, seconds=1)
    until("the URL is refused", lambda: ask(signed) == (403, "AccessDenied"), 20)
