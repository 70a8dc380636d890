"""AWS emulated by moto, set up by Terraform with the roles of this cluster's service accounts, at an address that pods reach."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from cluster import kubectl, own_address, report
from support import moto
from support.paths import ROOT


class Cloud:
    def __init__(self, aws, namespace, folder):
        self.aws, self.client, self.enforce = aws, aws.client, aws.enforce
        self.environment = {
            **os.environ, **{name: value for name, value in aws.variables.items() if value},
            "TF_ENVIRONMENTS": str(folder / "environments"), "TF_DATA_DIR": str(folder / "terraform"),
        }
        self.make(namespace, folder)

    def make(self, namespace, folder):
        """The stacks `data` and `service`, for the issuer of this cluster's tokens."""
        issuer = json.loads(kubectl("get", "--raw", "/.well-known/openid-configuration"))["issuer"]
        provider = self.client("iam").create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40])
        self.client("s3").create_bucket(Bucket="roster-local-states")
        values = folder / "environments/local"
        shutil.copytree(ROOT / "terraform/environments/local", values)
        for file in values.iterdir():
            file.write_text(file.read_text().replace("000000000000", moto.ACCOUNT))
        with (values / "service.tfvars").open("a") as file:
            known = {"arn": provider["OpenIDConnectProviderArn"], "issuer": issuer.removeprefix("https://")}
            print(f"kubernetes = {json.dumps({'namespace': namespace, 'oidc_provider': known})}", file=file)
        for stack in ("data", "service"):
            self.terraform(stack, "apply", "-auto-approve", "-input=false", "-no-color")
        self.outputs = {name: output["value"] for name, output in json.loads(self.terraform("service", "output", "-json")).items()}

    def terraform(self, stack, *arguments):
        done = subprocess.run([ROOT / "terraform/tf", "local", stack, *arguments], env=self.environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"terraform {stack} {arguments[0]} ended with {done.returncode}:\n{done.stderr[-3000:]}"
        return done.stdout

    def values(self):
        """Values of a release, from the outputs of the stack `service`."""
        settings, roles = self.outputs["settings"], self.outputs["pod_role_arns"]
        return {
            "store": "aws",
            "environment": settings["ROSTER_ENVIRONMENT"],
            "settings": {"environment": settings["ROSTER_CONFIG_ENVIRONMENT"]},
            "aws": {
                "region": self.aws.region,
                "usersTable": settings["ROSTER_USERS_TABLE"],
                "avatarsBucket": settings["ROSTER_AVATARS_BUCKET"],
                "uploadsBucket": settings["ROSTER_UPLOADS_BUCKET"],
                "eventsQueueUrl": settings["ROSTER_EVENTS_QUEUE_URL"],
                "deadLettersUrl": settings["ROSTER_DEAD_LETTERS_URL"],
                "endpointUrl": self.aws.endpoint,
                "identity": "token",
                "roleArns": roles,
            },
        }


@contextlib.contextmanager
def cloud(namespace):
    # kubectl and helm keep their own AWS, from which a cluster's credentials may come.
    with moto.running(own_address(), exported=False, MOTO_IAM_LOAD_MANAGED_POLICIES="true") as aws, tempfile.TemporaryDirectory() as folder:
        made = Cloud(aws, namespace, pathlib.Path(folder))
        report("table, buckets, queues and the pods' roles created by Terraform")
        yield made
