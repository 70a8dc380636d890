"""Terraform's stacks with the values of an environment, on moto, as administrator or with the plan role."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import time

import boto3
from support.moto import ACCOUNT
from support.paths import ROOT
from tokens import token


@contextlib.contextmanager
def step(name):
    """Prints how long it takes."""
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:4.0f} s  {name}", flush=True)


# The only one whose pages may call the API.
ORIGIN = "https://app.example.org"


class Stacks:
    def __init__(self, folder, zips, environment="dev"):
        """The values of the environment, with moto's account; `dev` is used, so without the features that moto lacks."""
        self.folder, self.zips, self.name, self.values = folder, zips, environment, folder / "environments" / environment
        self.environment = {**os.environ, "TF_DATA_DIR": str(folder / "terraform"), "TF_ENVIRONMENTS": str(folder / "environments")}
        # The administrator, by whose name recorded calls are found (ci_roles.made_by).
        self.environment["AWS_ACCESS_KEY_ID"] = environment
        self.plan_role = f"roster-{environment}-ci-plan"
        shutil.copytree(ROOT / "terraform/environments" / environment, self.values)
        for file in self.values.iterdir():
            file.write_text(re.sub(r"\b(\d)\1{11}\b", ACCOUNT, file.read_text()))
        self.append("common.tfvars", "emulated = true")
        self.append("backend.hcl", "use_path_style = true")
        if environment == "dev":
            self.prepare_for_use()
        else:
            self.prepare_whole()

    def prepare_for_use(self):
        """Features that moto lacks are left out, and no token can be checked."""
        self.append("bootstrap.tfvars", "ephemeral = true")
        # With the page for missing pictures, so that the plan role reads it.
        self.append("data.tfvars", "cloudfront_reads = true")
        self.drop("platform.tfvars", r"^(addons|access) = \{\n.*?^\}\n", 2)
        self.append("platform.tfvars", "addons = {}")
        self.drop("service.tfvars", r"^(auth|settings|lambda) .*?\n", 3)
        self.append("service.tfvars", 'auth = { mode = "off" }')
        self.append("service.tfvars", f'settings = {{ ROSTER_CORS_ORIGINS = "{ORIGIN}" }}')
        self.append("service.tfvars", f'lambda = {{ zips = "{self.zips}", deployment = "AllAtOnce" }}')

    def prepare_whole(self):
        """Nothing is left out. The account has the provider of GitHub's tokens already, and a zone for host names."""
        self.append("bootstrap.tfvars", f'github_provider_arn = "arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"')
        self.append("bootstrap.tfvars", "ephemeral = true")
        self.replace("service.tfvars", r"^lambda += \{", f'lambda = {{ zips = "{self.zips}",')
        zone = boto3.client("route53").create_hosted_zone(Name="example.org", CallerReference=self.name)["HostedZone"]["Id"].split("/")[-1]
        for file in self.values.iterdir():
            file.write_text(re.sub(r"\bZ0EXAMPLE0[A-Z]+\b", zone, file.read_text()))

    def append(self, file, line):
        with (self.values / file).open("a") as values:
            print(line, file=values)

    def drop(self, file, pattern, times):
        self.replace(file, pattern, "", times)

    def replace(self, file, pattern, by, times=1):
        path = self.values / file
        text, count = re.subn(pattern, by, path.read_text(), flags=re.M | re.S)
        assert count == times, f"{file}: {pattern} is there {count} times"
        path.write_text(text)

    def run(self, stack, *arguments, environment=None):
        command = [ROOT / "terraform/tf", environment or self.name, stack, *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def tf(self, stack, *arguments):
        done = self.run(stack, *arguments)
        assert done.returncode == 0, f"terraform {stack} {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-6000:]}"
        return done.stdout

    def apply(self, stack):
        self.tf(stack, "apply", "-auto-approve", "-input=false", "-compact-warnings", "-no-color")

    def apply_what_moto_has(self, stack):
        """What fails stays a change of the next plan."""
        self.run(stack, "apply", "-auto-approve", "-input=false", "-no-color")

    def destroy(self, stack):
        """Nothing else changes the resources in the states, so they need no refresh."""
        self.tf(stack, "destroy", "-refresh=false", "-auto-approve", "-input=false", "-compact-warnings", "-no-color")

    def output(self, stack, *arguments):
        return json.loads(self.tf(stack, "output", "-json", *arguments))

    def create(self, *arguments):
        """The bucket of states and the roles of workflows."""
        self.tf("bootstrap", "create", "-auto-approve", "-input=false", "-no-color", *arguments)

    @contextlib.contextmanager
    def as_plan_role(self):
        """Terraform runs for a time with what a job for a pull request on GitHub gets for its token."""
        administrator, role = self.environment, f"arn:aws:iam::{ACCOUNT}:role/{self.plan_role}"
        trusted = {"RoleSessionName": "tests", "WebIdentityToken": token("repo:example/roster:pull_request")}
        keys = boto3.client("sts").assume_role_with_web_identity(RoleArn=role, **trusted)["Credentials"]
        self.environment = {
            **administrator, "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        try:
            yield
        finally:
            self.environment = administrator

    def resources(self, stack, *arguments):
        """The resources of a plan."""
        plan = str(self.folder / f"plan-{stack}")
        self.tf(stack, "plan", "-input=false", f"-out={plan}", "-no-color", *arguments)
        shown = json.loads(self.tf(stack, "show", "-json", plan, "-no-color"))
        return [change for change in shown.get("resource_changes", []) if change["mode"] == "managed"]

    def planned(self, stack, *arguments):
        """What a plan changes, by address."""
        changes = [change for change in self.resources(stack, *arguments) if change["change"]["actions"] != ["no-op"]]
        return {change["address"]: change["change"] for change in changes}

    def changes(self, stack):
        return [f"{address} {change['actions']}" for address, change in self.planned(stack).items()]
