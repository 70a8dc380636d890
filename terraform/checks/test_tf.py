#!/usr/bin/env python3
"""Tests when terraform/tf initializes a stack, and which values it passes, with a stub that records how it is called.

    .ci/terraform/wrapper
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TF = pathlib.Path(__file__).resolve().parents[2] / "terraform/tf"
TERRAFORM = """#!/bin/sh
shift
echo "$@" >>"$CALLS"
[ "$1" = init ] || exit 0
[ ! -e "$CALLS.refuse" ] || exit 1
echo '{"backend": "s3"}' >"$TF_DATA_DIR/terraform.tfstate"
"""


class Wrapper(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.stack = self.root / "stacks/data"
        for name in ["environments/dev/backend.hcl", "stacks/data/main.tf", "stacks/data/.terraform.lock.hcl", "modules/key/main.tf"]:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(f"# {name}\n")
        shutil.copy(TF, self.root / "tf")
        (self.root / "bin").mkdir()
        (self.root / "bin/terraform").write_text(TERRAFORM)
        (self.root / "bin/terraform").chmod(0o755)
        self.calls = self.root / "calls"

    def tf(self, *arguments, status=0):
        """The arguments that terraform is called with."""
        self.calls.write_text("")
        environment = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", "CALLS": str(self.calls)}
        ended = subprocess.run([self.root / "tf", "dev", "data", *arguments], env=environment, capture_output=True, text=True)
        self.assertEqual(ended.returncode, status, ended.stderr)
        return self.calls.read_text().splitlines()

    def commands(self, *arguments, **others):
        return [call.split()[0] for call in self.tf(*arguments, **others)]

    def test_a_stack_is_initialized_once(self):
        self.assertEqual(self.commands("plan"), ["init", "plan"])
        self.assertEqual(self.commands("plan"), ["plan"])
        self.assertEqual(self.commands("output"), ["output"])
        self.assertEqual(self.commands("init"), ["init"])

    def test_each_input_of_init_initializes_again(self):
        data = self.stack / ".terraform/dev-data/terraform.tfstate"
        self.tf("plan")
        for file in [*self.root.rglob("*.hcl"), *self.root.rglob("*.tf"), data]:
            with file.open("a") as changed:
                changed.write("# changed\n")
            self.assertEqual(self.commands("plan"), ["init", "plan"], file)
            self.assertEqual(self.commands("plan"), ["plan"], file)
        data.unlink()
        self.assertEqual(self.commands("plan"), ["init", "plan"])

    def test_a_failed_init_is_repeated(self):
        self.tf("plan")
        refuse = self.root / "calls.refuse"
        refuse.touch()
        self.assertEqual(self.commands("init", status=1), ["init"])
        refuse.unlink()
        self.assertEqual(self.commands("plan"), ["init", "plan"])

    def test_only_a_saved_plan_is_applied_without_values(self):
        (self.stack / "saved").write_bytes(b"PK\x03\x04")
        (self.stack / "values.tfvars").write_text("a = 1\n")
        self.tf("init")
        for arguments in [["saved"], ["-auto-approve", "saved"], [str(self.stack / "saved")]]:
            self.assertNotIn("-var-file", self.tf("apply", *arguments)[0])
        for arguments in [[], ["-auto-approve"], ["-target", "module.key"], ["-var-file", "values.tfvars"]]:
            [call] = self.tf("apply", *arguments)
            self.assertIn("dev/common.tfvars", call)
            self.assertIn("dev/data.tfvars", call)


unittest.main()
