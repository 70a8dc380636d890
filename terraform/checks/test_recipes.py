"""What terraform/controllers, terraform/deploy and terraform/push run, with stubs that record how they are called."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Writes its name and arguments, and the content of values files.
STUB = """#!/bin/bash
echo "${0##*/} $*" >>"$CALLS"
while (($#)); do [[ $1 == --values || $1 == --filename ]] && cat "$2" >>"$CALLS"; shift; done
"""
ROLES = {name: f"arn:aws:iam::111111111111:role/roster-dev-{name}" for name in ("load-balancer-controller", "cluster-autoscaler", "external-dns", "cert-manager")}
PUBLISHED = {
    "cluster_name": "roster-dev",
    "vpc_id": "vpc-1",
    "region": "eu-central-1",
    "registry_url": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/roster-dev",
    "image_platform": "linux/arm64",
    "controller_role_arns": ROLES,
}


class Recipes:
    def __init__(self, root):
        self.root, self.calls = root, root / "calls"
        (root / "terraform").mkdir()
        for name in ("terraform/controllers", "terraform/deploy", "terraform/push"):
            shutil.copy(ROOT / name, root / name)
        shutil.copytree(ROOT / "helm/platform", root / "helm/platform")
        (root / "Cargo.toml").write_text('version = "0.1.0"\n')
        (root / "bin").mkdir()
        for name in ("helm", "docker", "aws"):
            self.stub(f"bin/{name}", STUB)
        self.connected("arn:aws:eks:eu-central-1:111111111111:cluster/roster-dev")
        self.published(PUBLISHED)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "first")

    def stub(self, name, text):
        (self.root / name).write_text(text)
        (self.root / name).chmod(0o755)

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments], cwd=self.root, check=True)

    def connected(self, cluster):
        self.stub("bin/kubectl", STUB + f'[[ "$(tail -1 "$CALLS")" != *"config view"* ]] || echo {cluster}\n')

    def published(self, values):
        self.stub("terraform/tf", f"#!/bin/sh\necho '{json.dumps(values)}'\n")

    def run(self, name, *arguments, status=0):
        self.calls.write_text("")
        environment = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}", "CALLS": str(self.calls)}
        ended = subprocess.run([self.root / "terraform" / name, "dev", *arguments], env=environment, capture_output=True, text=True)
        assert ended.returncode == status, ended.stderr
        return ended.stderr if status else self.calls.read_text()


@pytest.fixture
def recipes(tmp_path):
    return Recipes(tmp_path)


def test_each_controller_has_a_pinned_version_and_its_role(recipes):
    calls = recipes.run("controllers")
    installed = [line for line in calls.splitlines() if line.startswith("helm ")]
    assert len(installed) == len(ROLES)
    for line, (name, role) in zip(installed, ROLES.items(), strict=True):
        words = line.split()
        assert words[:4] == ["helm", "upgrade", "--install", name]
        assert words[words.index("--version") + 1].lstrip("v")[0].isdigit()
        assert f'eks.amazonaws.com/role-arn: "{role}"' in calls
    assert "${" not in calls


def test_claims_without_a_class_get_an_encrypted_volume(recipes):
    calls = recipes.run("controllers")
    assert calls.index("kubectl apply --filename helm/platform/storage-class.yaml") < calls.index("helm upgrade")
    for line in ('is-default-class: "true"', "provisioner: ebs.csi.aws.com", 'encrypted: "true"', "WaitForFirstConsumer"):
        assert line in calls


def test_the_load_balancer_controller_needs_no_metadata_service(recipes):
    calls = recipes.run("controllers").splitlines()
    assert "vpcId: vpc-1" in calls and "region: eu-central-1" in calls and "clusterName: roster-dev" in calls


def test_the_autoscaler_is_of_the_version_of_the_clusters(recipes):
    values = (ROOT / "helm/platform/cluster-autoscaler.yaml").read_text()
    for file in (ROOT / "terraform/environments").glob("*/platform.tfvars"):
        [minor] = [line.split('"')[1] for line in file.read_text().splitlines() if line.startswith("kubernetes_version")]
        assert f"tag: v{minor}." in values, f"{file} has {minor}"


def test_controllers_without_a_role_are_left_out(recipes):
    recipes.published({**PUBLISHED, "controller_role_arns": {name: ROLES[name] for name in ("load-balancer-controller", "cluster-autoscaler")}})
    calls = recipes.run("controllers", "ops@example.org")
    assert "cert-manager" not in calls and "external-dns" not in calls and "issuer" not in calls


def test_an_issuer_is_made_on_request(recipes):
    assert "kind: ClusterIssuer" not in recipes.run("controllers")
    calls = recipes.run("controllers", "ops@example.org")
    assert "kind: ClusterIssuer" in calls and "email: ops@example.org" in calls


def test_another_cluster_is_refused(recipes):
    recipes.connected("arn:aws:eks:eu-central-1:111111111111:cluster/roster-prod")
    assert "aws eks update-kubeconfig --name roster-dev" in recipes.run("controllers", status=1)
    assert "helm" not in recipes.calls.read_text()


def test_a_platform_of_an_earlier_release_is_refused(recipes):
    recipes.published({name: value for name, value in PUBLISHED.items() if name != "vpc_id"})
    assert "just tf dev platform apply" in recipes.run("controllers", status=1)


def test_an_image_is_built_for_the_nodes_and_named_by_its_commit(recipes):
    calls = recipes.run("push").splitlines()
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=recipes.root, check=True, capture_output=True, text=True).stdout.strip()
    assert "aws ecr get-login-password --region eu-central-1" in calls
    [login] = [line for line in calls if line.startswith("docker login")]
    assert login.endswith("--password-stdin 111111111111.dkr.ecr.eu-central-1.amazonaws.com")
    [build] = [line for line in calls if line.startswith("docker buildx")]
    assert "--platform linux/arm64" in build and f"--tag {PUBLISHED['registry_url']}:{commit[:12]} --push" in build


def test_an_image_of_no_commit_is_not_pushed(recipes):
    (recipes.root / "Cargo.toml").write_text('version = "0.2.0"\n')
    assert "commit them" in recipes.run("push", status=1)
    assert "docker" not in recipes.calls.read_text()


DEPLOYMENT = {"applicationName": "roster-dev", "deploymentGroupName": "users", "function": "roster-dev-list-users", "alias": "live", "version": "7"}


@pytest.mark.parametrize(("current", "deployments"), [("6", ["d-1"]), ("7", [])])
def test_only_a_new_version_gets_a_deployment(recipes, current, deployments):
    recipes.published({"list-users": DEPLOYMENT})
    recipes.stub("bin/aws", STUB + f'case "$(tail -1 "$CALLS")" in *get-alias*) echo {current} ;; *create-deployment*) echo d-1 ;; esac\n')
    calls = recipes.run("deploy").splitlines()
    assert len([line for line in calls if line.startswith("aws deploy create-deployment")]) == len(deployments)
    assert [line for line in calls if " wait " in line] == [f"aws deploy wait deployment-successful --deployment-id {one}" for one in deployments]


@pytest.mark.parametrize(("name", "arrays"), [("tf", set()), ("controllers", {"from"}), ("deploy", {"started"}), ("push", set())])
def test_empty_arrays_do_not_end_the_scripts_on_macos(name, arrays):
    """Its bash 3.2 takes an empty array for an unset variable, which `set -u` refuses."""
    script = (ROOT / "terraform" / name).read_text()
    guarded = r'\$\{(\w+)\[@\]\+"\$\{\1\[@\]\}"\}'
    assert set(re.findall(guarded, script)) == arrays
    assert "[@]" not in re.sub(guarded, "", script), "an array is expanded that may be empty"
