#!/usr/bin/env python3
"""Tests that .ci/run stops, skips and counts correctly, in a repository of its own, with stubs that record how they are called.

    .ci/run_test.py
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

RUN = pathlib.Path(__file__).with_name("run")
# Programs that the script itself needs; nothing else of this machine is in its PATH.
PROGRAMS = "awk bash cat dirname env git mkdir mktemp rm sed tee touch tr".split()
STUB = """#!/bin/sh
name=${0##*/}
[ "$1" != --dry-run ] || { echo "recipe $2"; exit 0; }
echo "$name $*" >>"$CALLS"
case " $FAIL " in *" $name $1 "*) exit 3 ;; esac
[ "$name $1" != 'test-coverage ' ] && [ "$name $1" != 'cargo test' ] || {
  echo 'test result: ok. 40 passed; 0 failed; 0 ignored'
  echo 'test result: ok. 2 passed; 0 failed; 0 ignored'
}
"""
QUICK = ["fmt", "clippy", "docs", "shellcheck", "typos", "toml", "workflows", "hadolint", "ci-test"]
SLOW = ["deny", "conformance-moto", "events-smoke", "sweep-histories", "libravatar-clients", "image-parity", "lambda-debug", "helm-check", "tf-check", "tf-emulated",
        "image-debug", "compose-check", "e2e-short", "e2e-long", "image-smoke", "lambda"]
# What a change of these can break, but for what has the name of a folder.
CODE = {"conformance-moto", "events-smoke", "sweep-histories", "libravatar-clients", "lambda-debug", "tf-emulated", "image-debug", "compose-check", "e2e-short"}


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "project"
        self.bin = self.root.parent / "cache/bin"
        self.bin.mkdir(parents=True)
        for program in PROGRAMS:
            (self.bin / program).symlink_to(shutil.which(program))
        for program in ["cargo", "docker", "just", "kubectl", "terraform"]:
            self.stub(self.bin / program)
        for program in ["install", "test-coverage", "coverage", "kubernetes/versions"]:
            self.stub(self.root / ".ci" / program)
        shutil.copy(RUN, self.root / ".ci/run")
        for file in ["shared/web/src/lib.rs", "Cargo.lock", "Cargo.toml", "Dockerfile", ".ci/lambda", "helm/values.yaml", "terraform/tf", "justfile"]:
            self.change(file)
        self.git("init", "--quiet")
        self.commit()

    def stub(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STUB)
        path.chmod(0o755)

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments], cwd=self.root, check=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "changed")

    def change(self, file):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as changed:
            changed.write("changed\n")

    def run_it(self, status=0, **settings):
        """Its output lines, and the recipes that it runs."""
        calls = self.root.parent / "calls"
        calls.write_text("")
        cache = self.bin.parent
        environment = {"PATH": str(self.bin), "HOME": str(cache), "ROSTER_CACHE": str(cache), "CALLS": str(calls), "FAIL": "", **settings}
        ended = subprocess.run([self.root / ".ci/run"], env=environment, capture_output=True, text=True)
        self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        self.assertEqual(ended.stderr, "")
        recipes = [call.split()[1] for call in calls.read_text().splitlines() if call.startswith("just ")]
        return ended.stdout.splitlines(), [recipe for recipe in recipes if recipe not in QUICK]

    def incomplete(self, lines):
        """The stages that it reports as skipped, in lines directly before the last."""
        self.assertEqual(lines[-1], "42 passed, 0 failed")
        named = [line for line in lines if line.startswith("INCOMPLETE")]
        self.assertEqual(lines[-1 - len(named) : -1], named)
        return [line.removeprefix("INCOMPLETE: ").partition(":")[0] for line in named]

    def test_a_first_run_does_everything_and_a_second_repeats_nothing_slow(self):
        lines, recipes = self.run_it()
        self.assertEqual(recipes, SLOW)
        self.assertEqual(self.incomplete(lines), [])
        lines, recipes = self.run_it()
        self.assertEqual(recipes, [])
        self.assertEqual(self.incomplete(lines), [])

    def test_a_change_repeats_what_it_can_break(self):
        self.run_it()
        for file, repeated in {
            "shared/web/src/lib.rs": CODE,
            "shared/imaging/src/lib.rs": CODE | {"image-parity"},
            "Cargo.lock": CODE | {"deny", "image-parity", "image-smoke", "lambda", "e2e-long"},
            "Dockerfile": {"image-debug", "compose-check", "e2e-short", "e2e-long", "image-smoke"},
            ".ci/lambda": {"lambda-debug", "tf-emulated", "lambda"},
            "helm/values.yaml": {"helm-check", "e2e-short", "e2e-long"},
            "terraform/tf": {"tf-check", "tf-emulated", "compose-check", "e2e-short", "e2e-long"},
            "README.md": set(),
        }.items():
            self.change(file)
            self.commit()
            self.assertEqual(set(self.run_it()[1]), repeated, file)

    def test_what_is_not_committed_is_tried_each_time(self):
        self.run_it()
        self.change("shared/web/src/lib.rs")
        self.assertEqual(set(self.run_it()[1]), CODE)
        self.assertEqual(set(self.run_it()[1]), CODE)

    def test_a_full_run_repeats_everything_and_counts_for_others(self):
        for _ in range(2):
            lines, recipes = self.run_it(CI_FULL="1")
            self.assertEqual(set(recipes), set(SLOW))
            self.assertLess(recipes.index("lambda"), recipes.index("tf-emulated"))
            self.assertEqual(self.incomplete(lines), [])
        self.assertEqual(self.run_it()[1], [])

    def test_what_has_no_time_left_is_named_and_is_done_by_a_full_run(self):
        lines, recipes = self.run_it(CI_MINUTES="20")
        left_out = ["e2e-short", "e2e-long", "lambda"]
        self.assertEqual(self.incomplete(lines), left_out)
        self.assertEqual(recipes, [recipe for recipe in SLOW if recipe not in left_out])
        lines, recipes = self.run_it()
        self.assertEqual(recipes, left_out)
        lines, _ = self.run_it(CI_FULL="1", CI_MINUTES="20")
        self.assertEqual(self.incomplete(lines), [])

    def test_a_missing_tool_leaves_out_what_needs_it_and_fails_a_full_run(self):
        for program, left_out in {
            "terraform": ["tf-check", "tf-emulated", "e2e-short", "e2e-long"],
            "docker": ["image-debug", "compose-check", "image-smoke", "e2e-short", "e2e-long"],
            "kubectl": ["e2e-short", "e2e-long"],
        }.items():
            (self.bin / program).unlink()
            lines, recipes = self.run_it()
            self.assertEqual(self.incomplete(lines), left_out)
            self.assertFalse(set(recipes) & set(left_out))
            lines, _ = self.run_it(status=3, CI_FULL="1")
            self.assertEqual(self.incomplete(lines), left_out)
            self.stub(self.bin / program)

    def test_without_llvm_tools_the_tests_run_uncounted(self):
        (self.root / ".ci/install").write_text('#!/bin/sh\n[ "$1" != llvm-tools ]\n')
        self.commit()
        lines, _ = self.run_it()
        self.assertEqual(self.incomplete(lines), ["coverage"])
        self.run_it(status=3, CI_FULL="1")

    def test_a_stage_of_another_job_is_not_left_out(self):
        lines, recipes = self.run_it(CI_FULL="1", CI_ELSEWHERE="e2e-short e2e-long")
        self.assertEqual(self.incomplete(lines), [])
        self.assertFalse({"e2e-short", "e2e-long"} & set(recipes))

    def test_it_stops_at_the_first_stage_that_fails_and_repeats_that(self):
        for failed in ["clippy", "tf-check"]:
            lines, recipes = self.run_it(status=1, FAIL=f"just {failed}")
            self.assertEqual(lines[-1], f".ci/run: stage {failed} failed")
            self.assertNotIn("e2e-short", recipes)
        self.assertIn("tf-check", self.run_it()[1])

    def test_failed_tests_fail_it(self):
        lines, _ = self.run_it(status=1, FAIL="test-coverage ")
        self.assertEqual(lines[-1], ".ci/run: stage test failed")


unittest.main()
