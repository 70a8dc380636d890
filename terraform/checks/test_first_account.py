"""That docs/first-account.md prepares the values that its later steps need."""

import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/first-account.md").read_text()


def test_its_commands_leave_no_placeholder(tmp_path):
    [block] = re.findall(r"<!-- values -->\n```console\n(.*?)```", PAGE, re.S)
    commands = "\n".join(line.removeprefix("$ ") for line in block.splitlines())
    (tmp_path / "terraform").mkdir()
    shutil.copytree(ROOT / "terraform/environments", tmp_path / "terraform/environments")
    (tmp_path / "aws").write_text("#!/bin/sh\necho 123456789012\n")
    (tmp_path / "aws").chmod(0o755)
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, env=environment, check=True)
    dev = {file.name: file.read_text() for file in (tmp_path / "roster-environments/dev").iterdir()}
    assert 'account_id  = "123456789012"' in dev["common.tfvars"] and "roster-dev-states-123456789012" in dev["backend.hcl"]
    assert not [name for name, text in dev.items() if "111111111111" in text]
    # No workflow, and so no boundary; functions that take events themselves, since there is no pod.
    assert "repository" not in dev["bootstrap.tfvars"] and "permissions_boundary =" not in dev["common.tfvars"]
    assert "events" not in dev["service.tfvars"] and "kubernetes" not in dev["service.tfvars"]


def test_functions_leave_events_to_the_pods(tmp_path):
    """Step 8, on the values of step 2."""
    [lambda_] = re.findall(r"^\$ echo '(lambda = .*)' >>", PAGE, re.M)
    values = tmp_path / "dev/service.tfvars"
    values.parent.mkdir()
    values.write_text(lambda_ + "\n")
    [command] = re.findall(r"^\$ (sed -i '/\^lambda/.*)$", PAGE, re.M)
    subprocess.run(["bash", "-euc", command], env={**os.environ, "TF_ENVIRONMENTS": str(tmp_path)}, check=True)
    assert values.read_text() == lambda_.removesuffix(" }") + ", events = { enabled = false } }\n"


def test_every_expectation_has_its_source():
    """Rows of the tables of steps 6 and 7, by their second column."""
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| try", "| step", "| ["))]
    assert len(rows) > 10
    assert not [row for row in rows if "**[AWS]**" not in row[1] and "**[emulator]**" not in row[1]]


def test_its_recipes_exist():
    recipes = set(re.findall(r"^([a-z-]+)(?: [^\n]*)?:(?!=)", (ROOT / "justfile").read_text(), re.M))
    named = set(re.findall(r"(?:^\$ |\()just ([a-z-]+)", PAGE, re.M))
    assert named and named <= recipes, named - recipes
