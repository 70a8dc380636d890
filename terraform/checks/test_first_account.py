"""That docs/first-account.md prepares the values that its later steps need, and says what to expect from each of them."""

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


# Changes a variable or a file, and prints nothing.
SILENT = r"export |\w+=|cp |sed |case |rm |echo .*>"


def commands():
    """Each command of the console blocks, which may have several lines, with the lines that follow it."""
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.S):
        for one in re.split(r"^\$ ", block, flags=re.M)[1:]:
            lines = one.splitlines()
            # As long as bash wants more of it.
            end = next(count for count in range(1, len(lines) + 1) if complete("\n".join(lines[:count])))
            yield "\n".join(lines[:end]), "\n".join(lines[end:])


def complete(command):
    return not command.endswith("\\") and subprocess.run(["bash", "-nc", command], capture_output=True).returncode == 0


def test_every_command_has_its_expectation_with_its_source():
    found = list(commands())
    assert len(found) > 40
    for command, expected in found:
        if re.match(SILENT, command):
            assert not expected, command
        else:
            assert re.search(r"\[(AWS|emulator|script)\]", expected), command


def test_its_times_add_up():
    minutes = {int(step): int(time) for step, time in re.findall(r"^\| \[(\d)\. [^|]*\| (\d+) \|", PAGE, re.M)}
    assert len(minutes) == 9
    said = re.search(r"(\d+) minutes\. CloudFront adds (\d+) and a cluster\s(\d+), [^:]*: (\d+) minutes", PAGE)
    assert [int(time) for time in said.groups()] == [sum(minutes.values()) - minutes[7] - minutes[8], minutes[7], minutes[8], sum(minutes.values())]


def test_its_last_step_removes_all_local_files():
    """Those that its commands write into the checkout or name, and what Terraform keeps for its environment."""
    [block] = re.findall(r"<!-- local files -->\n```console\n\$ rm -rf (.*)\n", PAGE)
    written = {file for command, _ in commands() for file in re.findall(r" >([\w.]+)", command)}
    assert written == {"eks.yaml", "objects.json"}
    assert {'"$TF_ENVIRONMENTS"', "terraform/stacks/*/.terraform/dev-*", "target/lambda", *written} == set(block.split())


def test_every_try_has_its_source():
    """Rows of the tables of steps 6 and 7, by their second column."""
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| try", "| step", "| ["))]
    assert len(rows) > 10
    assert not [row for row in rows if "**[AWS]**" not in row[1] and "**[emulator]**" not in row[1]]


def test_its_recipes_exist():
    recipes = set(re.findall(r"^([a-z-]+)(?: [^\n]*)?:(?!=)", (ROOT / "justfile").read_text(), re.M))
    named = set(re.findall(r"(?:^\$ |\()just ([a-z-]+)", PAGE, re.M))
    assert named and named <= recipes, named - recipes
