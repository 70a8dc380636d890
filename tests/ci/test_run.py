"""That .ci/run stops, skips and counts correctly, in a repository of its own, with stubs that record how they are called."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.paths import ROOT
from support.waiting import until

# Programs that the script itself needs; nothing else of this machine is in its PATH.
PROGRAMS = "awk bash cat dirname env git mkdir mktemp rm sed sleep tee touch tr".split()
STUB = """#!/bin/sh
name=${0##*/}
case $1 in
  --dry-run) echo "recipe $2"; exit 0 ;;
  --inputs) exit 0 ;;
esac
echo "$name $*" >>"$CALLS"
case " $FAIL " in *" $name $1 "*) exit 3 ;; esac
[ "$name $1" != 'run ' ] && [ "$name $1" != 'cargo test' ] || {
  echo 'test result: ok. 40 passed; 0 failed; 0 ignored'
  echo 'test result: ok. 2 passed; 0 failed; 0 ignored'
}
"""
QUICK = ["fmt", "clippy", "docs", "shellcheck", "typos", "toml", "workflows", "hadolint", "ci-test"]
SLOW = ["first-run", "deny", "conformance-moto", "events-smoke", "sweep-histories", "contract", "libravatar-clients", "http-clients", "cache-check", "image-parity", "lambda-debug", "helm-check", "tf-check",
        "tf-emulated", "image-debug", "compose-check", "e2e-short", "e2e-long", "image-smoke", "lambda"]
E2E = {"e2e-short", "e2e-long"}
IMAGE = {"image-debug", "compose-check", "image-smoke"} | E2E
# What a change of code that all programs link can break.
SERVER = {"events-smoke", "sweep-histories", "contract", "libravatar-clients", "http-clients", "cache-check", "tf-emulated", "image-debug", "compose-check", "e2e-short"}
CODE = SERVER | {"lambda-debug"}
# Suites that pytest runs.
PYTEST = SERVER | {"first-run", "conformance-moto", "image-parity", "e2e-long", "image-smoke"}
MOTO = {"conformance-moto", "events-smoke", "sweep-histories", "tf-emulated"} | E2E
REPEATED = {
    "Cargo.lock": CODE | {"first-run", "deny", "conformance-moto", "image-parity", "image-smoke", "lambda", "e2e-long"},
    "shared/web/src/lib.rs": CODE,
    "shared/web/src/page.html": CODE,
    "shared/domain/src/lib.rs": CODE | {"conformance-moto", "image-parity"},
    "shared/imaging/src/lib.rs": CODE | {"image-parity"},
    "shared/storage/src/lib.rs": CODE | {"conformance-moto"},
    "functions/list-users/src/main.rs": CODE,
    "functions/server/src/main.rs": SERVER,
    "shared/storage/tests/it/aws/mod.rs": {"conformance-moto"},
    "shared/storage/tests/libsqlite3-sys/src/lib.rs": CODE | {"conformance-moto"},
    "localstack/ready.d/states.sh": {"compose-check"},
    "Dockerfile": IMAGE,
    "tools/image": IMAGE,
    "tools/dist": IMAGE,
    "tools/lambda": {"lambda-debug", "tf-emulated", "lambda"},
    "tools/terraform-image": {"compose-check"},
    "helm/roster/files/cache/roster.vcl": {"helm-check", "cache-check", "compose-check"} | E2E,
    "tests/cache/vcl/images.vtc": {"cache-check"},
    "helm/roster/files/postgres/restore.sh": {"helm-check"} | E2E,
    "helm/values/eks.yaml": {"helm-check"} | E2E,
    "helm/checks/matrix": {"helm-check"} | E2E,
    "helm/checks/values/company.yaml": {"helm-check"} | E2E,
    "helm/checks/refused.tsv": {"helm-check"},
    "terraform/tf": {"tf-check", "tf-emulated", "compose-check"} | E2E,
    "terraform/checks/refusals.py": {"tf-check"},
    "terraform/modules/key/tests/key.tftest.hcl": {"tf-check"},
    "terraform/modules/key/README.md": {"tf-check"},
    "terraform/modules/access_policy/main.tf": {"tf-check", "tf-emulated", "conformance-moto", "compose-check"} | E2E,
    "pytest.ini": PYTEST | {"tf-check"},
    "tests/support/waiting.py": PYTEST,
    "tests/aws/emulator/gaps.py": MOTO,
    "tests/aws/test_conformance.py": {"conformance-moto"},
    "tests/aws/test_events.py": {"events-smoke"},
    "tests/aws/proxy.py": {"sweep-histories"},
    "tests/aws/terraform/by_pods.py": {"tf-emulated"},
    "tests/cluster/load.py": E2E,
    "tools/cache-exporter/Dockerfile": E2E,
    "tests/cluster/test_postgres.py": E2E,
    "tests/container/test_image.py": {"image-debug", "image-smoke"},
    "tests/container/test_compose.py": {"compose-check"},
    "tests/images/jpegs.py": {"image-parity", "http-clients"},
    "tests/contract/hooks.py": {"contract"},
    "tests/images/others.py": {"image-parity", "http-clients"},
    "tests/clients/forms.js": {"http-clients"},
    "tests/libravatar/client.js": {"libravatar-clients"},
    "tests/first_run/test_first_run.py": {"first-run"},
}
# Tests and documents of the crates are in no program, but for the crate that is one of these folders.
UNUSED = [
    "shared/web/tests/web.rs",
    "shared/imaging/tests/imaging/jpeg.rs",
    "shared/imaging/tests/libjpeg/dnl.jpg",
    "functions/server/tests/server/tools.rs",
    "functions/list-users/tests/lambda/main.rs",
    "shared/imaging/fonts/README.md",
    "README.md",
    "docs/kubernetes.md",
    "localstack/README.md",
    "tools/local/dev-aws",
    "tests/ci/test_run.py",
]
# What stages name besides.
OTHERS = [
    ".dockerignore", ".env", "Cargo.toml", "deny.toml", "docker-compose.yml", "docs/openapi.json", "helm/roster/values.yaml",
    ".cargo/config.toml", "justfile", "rust-toolchain.toml", "samples/small.jpg", "shared/emulator/src/lib.rs", "shared/storage/examples/emulate.rs", "tests/aws/conftest.py", "tests/aws/test_sweep_histories.py",
    "tests/container/engine.py",
]


class Project:
    def __init__(self, folder):
        self.root, self.bin, self.calls = folder / "project", folder / "cache/bin", folder / "calls"
        self.bin.mkdir(parents=True)
        for program in PROGRAMS:
            (self.bin / program).symlink_to(shutil.which(program))
        for program in ["cargo", "docker", "just", "kubectl", "terraform"]:
            self.stub(self.bin / program)
        for program in [".ci/install", "tools/coverage/run", "tools/coverage/report.py", "terraform/checks/kubernetes_versions.py"]:
            self.stub(self.root / program)
        for script in ["run", "stages.sh", "paths.sh"]:
            shutil.copy(ROOT / ".ci" / script, self.root / ".ci")
        for file in [*REPEATED, *UNUSED, *OTHERS]:
            self.change(file)
        self.git("init", "--quiet")
        self.commit()

    def stub(self, path, text=STUB):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
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

    def run(self, status=0, **settings):
        """Its output lines, and the recipes that it runs."""
        self.calls.write_text("")
        cache = self.bin.parent
        environment = {"PATH": str(self.bin), "HOME": str(cache), "ROSTER_CACHE": str(cache), "CALLS": str(self.calls), "FAIL": "", **settings}
        ended = subprocess.run([self.root / ".ci/run"], env=environment, capture_output=True, text=True)
        assert ended.returncode == status, ended.stdout + ended.stderr
        assert ended.stderr == ""
        recipes = [call.split()[1] for call in self.calls.read_text().splitlines() if call.startswith("just ")]
        return ended.stdout.splitlines(), [recipe for recipe in recipes if recipe not in QUICK]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def incomplete(lines):
    """The stages that it reports as skipped, in lines directly before the last."""
    assert lines[-1] == "42 passed, 0 failed"
    named = [line for line in lines if line.startswith("INCOMPLETE")]
    assert lines[-1 - len(named) : -1] == named
    return [line.removeprefix("INCOMPLETE: ").partition(":")[0] for line in named]


def test_a_first_run_does_everything_and_a_second_repeats_nothing_slow(project):
    lines, recipes = project.run()
    assert sorted(recipes) == sorted(SLOW)
    assert incomplete(lines) == []
    for recipe in SLOW:
        assert f"=== {recipe}: just {recipe}" in lines
        assert len([line for line in lines if line.endswith(f" s  {recipe}")]) == 1
    lines, recipes = project.run()
    assert recipes == []
    assert incomplete(lines) == []


def test_a_change_repeats_what_it_can_break(project):
    project.run()
    for file in UNUSED:
        project.change(file)
    project.commit()
    assert project.run()[1] == []
    for file, repeated in REPEATED.items():
        project.change(file)
        project.commit()
        assert set(project.run()[1]) == repeated, file


def test_a_path_that_matches_nothing_fails_the_run(project):
    """Or a stage would pass for ever."""
    project.git("rm", "-r", "--quiet", "tests/libravatar")
    project.commit()
    lines, recipes = project.run(status=1)
    assert any("did not match any file" in line for line in lines)
    assert lines[-1] == ".ci/run: stage libravatar-clients failed"
    assert "libravatar-clients" not in recipes


def test_uncommitted_changes_are_tested_each_time(project):
    project.run()
    project.change("shared/web/src/lib.rs")
    assert set(project.run()[1]) == CODE
    assert set(project.run()[1]) == CODE


def test_a_full_run_repeats_everything_and_counts_for_others(project):
    for _ in range(2):
        lines, recipes = project.run(CI_FULL="1")
        assert set(recipes) == set(SLOW)
        assert recipes.index("lambda") < recipes.index("tf-emulated")
        assert incomplete(lines) == []
    assert project.run()[1] == []


def test_stages_without_time_are_reported_and_run_by_a_full_run(project):
    lines, recipes = project.run(CI_MINUTES="20")
    left_out = ["e2e-short", "e2e-long", "lambda"]
    assert incomplete(lines) == left_out
    assert sorted(recipes) == sorted(set(SLOW) - set(left_out))
    lines, recipes = project.run()
    assert recipes == left_out
    lines, _ = project.run(CI_FULL="1", CI_MINUTES="20")
    assert incomplete(lines) == []


@pytest.mark.parametrize(
    "program, left_out",
    [
        ("terraform", ["tf-check", "tf-emulated", "e2e-short", "e2e-long"]),
        ("docker", ["image-debug", "compose-check", "image-smoke", "e2e-short", "e2e-long"]),
        ("kubectl", ["e2e-short", "e2e-long"]),
    ],
)
def test_a_missing_tool_leaves_out_what_needs_it_and_fails_a_full_run(project, program, left_out):
    (project.bin / program).unlink()
    lines, recipes = project.run()
    assert incomplete(lines) == left_out
    assert not set(recipes) & set(left_out)
    lines, _ = project.run(status=3, CI_FULL="1")
    assert incomplete(lines) == left_out


def test_without_llvm_tools_the_tests_run_uncounted(project):
    (project.root / ".ci/install").write_text('#!/bin/sh\n[ "$1" != llvm-tools ]\n')
    project.commit()
    lines, _ = project.run()
    assert incomplete(lines) == ["coverage"]
    project.run(status=3, CI_FULL="1")


@pytest.mark.parametrize("failed, first", [("clippy", "first-run"), ("helm-check", "tf-emulated"), ("tf-check", "e2e-long"), ("compose-check", "e2e-short"), ("e2e-short", "e2e-long")])
def test_it_stops_at_the_first_stage_that_fails_and_repeats_that(project, failed, first):
    lines, recipes = project.run(status=1, FAIL=f"just {failed}")
    assert lines[-1] == f".ci/run: stage {failed} failed"
    assert first not in recipes
    assert first in project.run()[1]


def test_a_stage_beside_others_that_fails_ends_them_and_the_run(project):
    """first-run lasts until it is ended."""
    first_run = project.root / "first-run"
    wait = 'case $name.$1 in just.first-run) echo $$ >$FIRST_RUN; sleep 600 ;; just.image-debug) until [ -s $FIRST_RUN ]; do :; done ;; esac'
    project.stub(project.bin / "just", STUB.replace("case \" $FAIL", f'{wait}\ncase " $FAIL'))
    lines, recipes = project.run(status=1, FAIL="just image-debug", FIRST_RUN=str(first_run))
    assert lines[-1] == ".ci/run: stage image-debug failed"
    assert "=== image-debug: just image-debug" in lines
    assert set(recipes) <= {"image-debug", "first-run"}
    until("first-run ends", lambda: not Path("/proc", first_run.read_text().strip()).exists(), seconds=20)


def test_a_failure_ends_what_runs_beside_it(project):
    wait = 'case $name.$1 in just.e2e-short) echo $$ >$BESIDE; exec sleep 600 ;; just.helm-check) until [ -s $BESIDE ]; do :; done ;; esac'
    project.stub(project.bin / "just", STUB.replace("case \" $FAIL", f'{wait}\ncase " $FAIL'))
    beside = project.root / "beside"
    lines, _ = project.run(status=1, FAIL="just helm-check", BESIDE=str(beside))
    assert lines[-1] == ".ci/run: stage helm-check failed"
    until("e2e-short ends", lambda: not Path("/proc", beside.read_text().strip()).exists(), seconds=20)


def test_failed_tests_fail_it(project):
    lines, _ = project.run(status=1, FAIL="run ")
    assert lines[-1] == ".ci/run: stage test failed"


def test_another_version_of_a_tool_repeats_what_uses_it(project):
    """`.ci/install --inputs` prints what decides about a tool."""
    project.run()
    (project.root / ".ci/install").write_text(STUB.replace("--inputs)", "--inputs) echo changed;"))
    project.commit()
    assert sorted(project.run()[1]) == sorted(SLOW)
