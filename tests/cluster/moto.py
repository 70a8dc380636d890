"""AWS emulated by moto, set up by Terraform with the roles of this cluster's service accounts, at an address that pods reach."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from cluster import ROOT, kubectl, own_address, say

ACCOUNT = "123456789012"


class Cloud:
    def __init__(self, endpoint, namespace, folder):
        self.endpoint = endpoint
        self.environment = {
            **os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "TF_ENVIRONMENTS": str(folder / "environments"), "TF_DATA_DIR": str(folder / "terraform"),
        }
        self.make(namespace, folder)

    def client(self, service):
        import boto3

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def make(self, namespace, folder):
        """The stacks `data` and `service`, for the issuer of this cluster's tokens."""
        issuer = json.loads(kubectl("get", "--raw", "/.well-known/openid-configuration"))["issuer"]
        provider = self.client("iam").create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40])
        self.client("s3").create_bucket(Bucket="roster-local-states")
        values = folder / "environments/local"
        shutil.copytree(ROOT / "terraform/environments/local", values)
        for file in values.iterdir():
            file.write_text(file.read_text().replace("000000000000", ACCOUNT))
        with (values / "service.tfvars").open("a") as file:
            known = {"arn": provider["OpenIDConnectProviderArn"], "issuer": issuer.removeprefix("https://")}
            print(f"kubernetes = {json.dumps({'namespace': namespace, 'oidc_provider': known})}", file=file)
        for stack in ("data", "service"):
            self.terraform(stack, "apply", "-auto-approve", "-input=false", "-no-color")
        self.outputs = {name: output["value"] for name, output in json.loads(self.terraform("service", "output", "-json")).items()}

    def terraform(self, stack, *arguments):
        done = subprocess.run([ROOT / "terraform/tf", "local", stack, *arguments], env=self.environment, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            sys.exit(f"e2e: terraform {stack} {arguments[0]} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return done.stdout

    def enforce(self, on):
        """Sets whether policies are enforced."""
        after = b"0" if on else b"1000000000"
        urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/moto-api/reset-auth", after, {"Content-Type": "text/plain"}, method="POST")).read()

    def values(self):
        """Values of a release, from the outputs of the stack `service`."""
        settings, roles = self.outputs["settings"], self.outputs["pod_role_arns"]
        return {
            "store": "aws",
            "environment": settings["ROSTER_ENVIRONMENT"],
            "settings": {"environment": settings["ROSTER_CONFIG_ENVIRONMENT"]},
            "aws": {
                "region": "us-east-1",
                "usersTable": settings["ROSTER_USERS_TABLE"],
                "avatarsBucket": settings["ROSTER_AVATARS_BUCKET"],
                "eventsQueueUrl": settings["ROSTER_EVENTS_QUEUE_URL"],
                "deadLettersUrl": settings["ROSTER_DEAD_LETTERS_URL"],
                "endpointUrl": self.endpoint,
                "identity": "token",
                "roleArns": roles,
            },
        }


@contextlib.contextmanager
def cloud(namespace):
    # It runs until its input ends.
    server = subprocess.Popen(
        [ROOT / ".ci/with-moto", "sh", "-c", "echo $AWS_ENDPOINT_URL; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "MOTO_HOST": own_address(), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = Cloud(server.stdout.readline().strip(), namespace, pathlib.Path(folder))
            say("table, bucket, queues and the pods' roles created by Terraform")
            yield made
    finally:
        server.stdin.close()
        server.wait(30)
