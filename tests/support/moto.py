"""AWS emulated by moto, on a free port; its access control is that of AWS where a test turns it on (tests/aws/emulator)."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import boto3
from support.waiting import until

SERVER = pathlib.Path(__file__).parents[1] / "aws/emulator/server.py"
ACCOUNT = "123456789012"


class Moto:
    def __init__(self, endpoint, region, log):
        """`variables` are those by which an SDK finds it; region and keys are dummies."""
        self.endpoint, self.region, self.log = endpoint, region, log
        self.variables = {
            "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": None, "AWS_PROFILE": None,
            "ROSTER_TEST_AWS_ENDPOINT": endpoint,
        }

    def client(self, service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=self.region, **keys)

    def request(self, path="", data=None, **headers):
        with urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/{path}", data, headers), timeout=60) as answer:
            return answer.read()

    def enforce(self, on):
        """Sets whether policies are enforced: from now on, or after a number of calls that no test reaches."""
        self.request("moto-api/reset-auth", b"0" if on else b"1000000000", **{"Content-Type": "text/plain"})

    @contextlib.contextmanager
    def enforcing(self):
        """Policies are enforced for a time."""
        self.enforce(True)
        try:
            yield
        finally:
            self.enforce(False)

    def denied(self, role):
        """What the role was denied, also where its client went on without it."""
        return [line for line in self.log.read_text().splitlines() if line.startswith(f"denied: {role} ")]

    def as_role(self, arn):
        """A session of the SDK with this role."""
        keys = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="tests")["Credentials"]
        return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def calls_of_tables(self):
        return self.log.read_text().count('"POST / ')

    def answers(self, server):
        assert server.poll() is None, self.log.read_text()
        try:
            return self.request("moto-api/data.json")
        except urllib.error.URLError:
            return None

    def wake(self):
        """Services are loaded on first use, which takes longer than the time limits of clients."""
        json = "application/x-amz-json-1.0"
        for service, target in (("dynamodb", "DynamoDB_20120810.ListTables"), ("sqs", "AmazonSQS.ListQueues"), ("s3", None)):
            headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"}
            if target:
                self.request("", b"{}", **headers, **{"Content-Type": json, "X-Amz-Target": target})
            else:
                self.request("", **headers)


@contextlib.contextmanager
def environment(**changes):
    """Other variables of this process and those that it starts, for a time; None removes one."""
    before = {name: os.environ.get(name) for name in changes}

    def put(values):
        for name, value in values.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    put(changes)
    try:
        yield
    finally:
        put(before)


@contextlib.contextmanager
def running(host="127.0.0.1", region="us-east-1", exported=True, **settings):
    """A server; `settings` are variables of it. Exported, it is AWS for this process and all that it starts."""
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        moto = Moto(f"http://{host}:{port}", region, pathlib.Path(folder) / "log")
        with moto.log.open("w") as output:
            command = [sys.executable, SERVER, "-H", host, "-p", str(port)]
            server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, env={**os.environ, **settings})
        try:
            until("moto answers", lambda: moto.answers(server), 60)
            moto.wake()
            before = moto.calls_of_tables()
            with environment(**moto.variables) if exported else contextlib.nullcontext():
                yield moto
            # What used another endpoint, or did nothing, has tested nothing.
            assert moto.calls_of_tables() > before, "the emulated DynamoDB got no requests"
        finally:
            server.terminate()
            server.wait()
