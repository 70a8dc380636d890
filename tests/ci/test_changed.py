"""Which jobs of the workflow `ci` a pull request runs, by what it changes."""

import shutil
import subprocess

import pytest
from support.paths import ROOT

ALL = {"terraform", "helm", "lambda", "image", "optimized", "cluster"}


@pytest.fixture
def project(tmp_path):
    """A function that commits a change of a file; the jobs of an event that tests it."""
    (tmp_path / ".ci").mkdir()
    for file in ("changed", "paths.sh"):
        shutil.copy(ROOT / ".ci" / file, tmp_path / ".ci")

    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments], cwd=tmp_path, check=True)

    def commit(file):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("changed")
        git("add", "--all")
        git("commit", "--quiet", "--message", "changed")

    def jobs(file, event="pull_request"):
        commit(file)
        lines = subprocess.run([".ci/changed", event], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.splitlines()
        named = dict(line.split("=") for line in lines)
        assert set(named) == ALL and set(named.values()) <= {"true", "false"}
        return {name for name, value in named.items() if value == "true"}

    git("init", "--quiet")
    commit("README.md")
    return jobs


@pytest.mark.parametrize(
    "file, expected",
    [
        ("docs/lambda.md", set()),
        ("shared/web/tests/web.rs", set()),
        ("tests/aws/test_events.py", set()),
        ("shared/web/src/lib.rs", {"lambda", "image"}),
        ("Cargo.lock", {"lambda", "image", "optimized"}),
        ("Dockerfile", {"image", "optimized"}),
        ("helm/roster/values.yaml", {"helm", "cluster"}),
        ("helm/roster/files/cache/roster.vcl", {"helm", "cluster", "image"}),
        ("tests/cluster/load.py", {"cluster"}),
        ("tools/cache-exporter/run", {"cluster"}),
        ("terraform/checks/check", {"terraform"}),
        ("terraform/modules/key/main.tf", {"terraform", "lambda", "image"}),
        ("tests/container/test_compose.py", {"image"}),
        ("justfile", ALL),
        (".github/workflows/ci.yml", ALL),
    ],
)
def test_a_pull_request_runs_what_its_changes_can_break(project, file, expected):
    assert project(file) == expected


def test_everything_else_runs_all(project):
    assert project("docs/lambda.md", "push") == project("docs/scaling.md", "schedule") == ALL


def test_each_stage_is_a_recipe_of_the_workflow_too():
    """No check runs only here, or only there."""
    stages = (ROOT / ".ci/run").read_text()
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    listed = stages.partition("for name in ")[2].partition(";")[0].split()
    slow = [line.split("slow_stage ")[1].split()[0] for line in stages.splitlines() if "slow_stage " in line]
    recipes = {word for line in workflow.splitlines() if "just " in line for word in line.partition("just ")[2].split()}
    assert len(slow) > 15
    # Its jobs run topics of e2e, and `coverage` is the tests.
    assert {*listed, *slow, "coverage"} - {"e2e-short", "e2e-long"} <= recipes and "e2e" in recipes
