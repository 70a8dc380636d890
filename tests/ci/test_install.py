"""What .ci/install prints for the keys of .ci/run, and that it knows every tool that is asked of it."""

import re
import subprocess

import pytest
from support.paths import ROOT


def inputs(*tools):
    return subprocess.run([ROOT / ".ci/install", "--inputs", *tools], capture_output=True, text=True, check=True).stdout


def test_a_version_is_an_input_of_its_tool_only():
    assert "moto[server]==" in inputs("tests") and "checkov==" in inputs("checkov")
    assert "checkov==" not in inputs("tests")
    assert "helm-docs v" in inputs("helm")
    assert inputs() == ""


def named():
    """Tools in recipes, workflows and .ci/run."""
    files = [ROOT / "justfile", ROOT / ".ci/run", *(ROOT / ".github").rglob("*.yml")]
    for file in files:
        for line in file.read_text().splitlines():
            for quoted in re.findall(r'_install ((?:"[a-z-]+" ?)+)', line):
                yield from quoted.replace('"', "").split()
            if found := re.search(r"\.ci/install ([a-z -]+)", line.replace("`", "")):
                yield from found[1].split()


@pytest.mark.parametrize("tool", sorted(set(named())))
def test_each_tool_is_known(tool):
    assert f"install_{tool.replace('-', '_')} ()" in inputs(tool)


def test_an_unknown_tool_is_refused():
    done = subprocess.run([ROOT / ".ci/install", "unknown"], capture_output=True, text=True)
    assert done.returncode == 64 and "unknown tool: unknown" in done.stderr
