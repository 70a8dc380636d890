"""When terraform/tf initializes a stack, and which values it passes, with a stub that records how it is called."""

import os
import pathlib
import shutil
import subprocess

import pytest

TF = pathlib.Path(__file__).resolve().parents[1] / "tf"
TERRAFORM = """#!/bin/sh
shift
echo "$@" >>"$CALLS"
[ "$1" = init ] || exit 0
[ ! -e "$CALLS.refuse" ] || exit 1
echo '{"backend": "s3"}' >"$TF_DATA_DIR/terraform.tfstate"
"""


class Wrapper:
    def __init__(self, root):
        self.root = root
        self.stack = root / "stacks/data"
        for name in ["environments/dev/backend.hcl", "stacks/data/main.tf", "stacks/data/.terraform.lock.hcl", "modules/key/main.tf"]:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"# {name}\n")
        shutil.copy(TF, root / "tf")
        (root / "bin").mkdir()
        (root / "bin/terraform").write_text(TERRAFORM)
        (root / "bin/terraform").chmod(0o755)
        self.calls = root / "calls"

    def tf(self, *arguments, status=0):
        """The arguments that terraform is called with."""
        self.calls.write_text("")
        environment = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", "CALLS": str(self.calls)}
        ended = subprocess.run([self.root / "tf", "dev", "data", *arguments], env=environment, capture_output=True, text=True)
        assert ended.returncode == status, ended.stderr
        return self.calls.read_text().splitlines()

    def commands(self, *arguments, **others):
        return [call.split()[0] for call in self.tf(*arguments, **others)]


@pytest.fixture
def wrapper(tmp_path):
    return Wrapper(tmp_path)


def test_a_stack_is_initialized_once(wrapper):
    assert wrapper.commands("plan") == ["init", "plan"]
    assert wrapper.commands("plan") == ["plan"]
    assert wrapper.commands("output") == ["output"]
    assert wrapper.commands("init") == ["init"]


def test_each_input_of_init_initializes_again(wrapper):
    data = wrapper.stack / ".terraform/dev-data/terraform.tfstate"
    wrapper.tf("plan")
    for file in [*wrapper.root.rglob("*.hcl"), *wrapper.root.rglob("*.tf"), data]:
        with file.open("a") as changed:
            changed.write("# changed\n")
        assert wrapper.commands("plan") == ["init", "plan"], file
        assert wrapper.commands("plan") == ["plan"], file
    data.unlink()
    assert wrapper.commands("plan") == ["init", "plan"]


def test_a_failed_init_is_repeated(wrapper):
    wrapper.tf("plan")
    refuse = wrapper.root / "calls.refuse"
    refuse.touch()
    assert wrapper.commands("init", status=1) == ["init"]
    refuse.unlink()
    assert wrapper.commands("plan") == ["init", "plan"]


def test_only_a_saved_plan_is_applied_without_values(wrapper):
    (wrapper.stack / "saved").write_bytes(b"PK\x03\x04")
    (wrapper.stack / "values.tfvars").write_text("a = 1\n")
    wrapper.tf("init")
    for arguments in [["saved"], ["-auto-approve", "saved"], [str(wrapper.stack / "saved")]]:
        assert "-var-file" not in wrapper.tf("apply", *arguments)[0]
    for arguments in [[], ["-auto-approve"], ["-target", "module.key"], ["-var-file", "values.tfvars"]]:
        [call] = wrapper.tf("apply", *arguments)
        assert "dev/common.tfvars" in call
        assert "dev/data.tfvars" in call
