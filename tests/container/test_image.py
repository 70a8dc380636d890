"""An image, run as restricted as possible: it serves, persists, drains and refuses, and its figures are within limits.

IMAGE is its tag; MOST_KILOBYTES of resident memory before a request and MOST_BYTES of its size are limits, if they are set. Each test
continues where the one before it ended.
"""

import json
import os
import pathlib
import re
import subprocess
import tarfile

import pytest
from engine import docker, printed
from support import roster
from support.forms import multipart
from support.paths import SAMPLES
from support.waiting import until

IMAGE = os.environ.get("IMAGE", "roster")


class Service:
    """A container on free ports of loopback, and the volume of its data."""

    def __init__(self, name):
        self.name = name
        self.start()
        self.resident = int(self.process("VmRSS")[0])

    def start(self):
        docker(
            "run", "--detach", "--name", self.name, "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--volume", f"{self.name}:/data", "--env", "ROSTER_AUTH=off", "--publish", "127.0.0.1::8080", "--publish", "127.0.0.1::8081", IMAGE,
        )
        self.api, self.management = (f"http://{printed('port', self.name, port)}" for port in ("8080/tcp", "8081/tcp"))
        until("it is healthy", lambda: self.state("Health.Status") == "healthy", 60)

    def state(self, field):
        return printed("inspect", "--format", f"{{{{.State.{field}}}}}", self.name)

    def process(self, field):
        """The kernel's figures of its process."""
        status = pathlib.Path(f"/proc/{self.state('Pid')}/status").read_text()
        return re.search(rf"^{field}:(.*)$", status, re.M)[1].split()

    def users(self):
        status, _, body = roster.answer(f"{self.api}/users")
        assert status == 200, body
        return [user["email"] for user in json.loads(body)]


@pytest.fixture(scope="module")
def service(request):
    name = f"roster-smoke-{os.getpid()}"
    try:
        running = Service(name)
        yield running
    finally:
        if request.session.testsfailed:
            print(docker("logs", name, check=False).stderr[-6000:])
        docker("rm", "--force", name, check=False)
        docker("volume", "rm", name, check=False)


def test_it_runs_as_a_user_without_rights(service):
    assert service.process("Uid")[0] == service.process("Gid")[0] == "65532"


def test_an_upload_is_listed_shown_and_counted(service):
    picture = (SAMPLES / "portrait.jpg").read_bytes()
    status, _, body = roster.answer(f"{service.api}/user", "POST", *multipart("Ada Lovelace", "ada@example.org", picture, "image/jpeg"))
    assert status == 201, body
    assert service.users() == ["ada@example.org"]
    path = json.loads(body)["avatar_url"].partition("/avatars/")[2]
    status, _, shown = roster.answer(f"{service.api}/avatars/{path}")
    assert status == 200 and shown[:3] == b"\xff\xd8\xff", "the avatar is not a JPEG"
    _, _, metrics = roster.answer(f"{service.management}/metrics")
    assert 'roster_uploads_total{format="jpeg"} 1' in metrics.decode().splitlines(), "the upload is not in the metrics"


@pytest.mark.parametrize("label", ["title", "licenses", "version", "revision"])
def test_it_is_labelled(label):
    assert printed("image", "inspect", "--format", f'{{{{index .Config.Labels "org.opencontainers.image.{label}"}}}}', IMAGE)


def test_there_is_no_shell(service):
    with subprocess.Popen(["docker", "export", service.name], stdout=subprocess.PIPE) as export, tarfile.open(fileobj=export.stdout, mode="r|") as files:
        names = [file.name for file in files]
    assert "roster" in names
    assert not [name for name in names if re.search(r"(^|/)(sh|bash|dash|busybox)$", name)]


def test_it_finds_another_container_by_name(service):
    """The C library that is linked into the program resolves names as the shared one does."""
    network, client = f"{service.name}-network", f"{service.name}-client"
    try:
        docker("network", "create", network)
        docker("network", "connect", "--alias", "store.example", network, service.name)
        docker(
            "run", "--detach", "--name", client, "--network", network, "--env", "ROSTER_AUTH=off", "--env", "ROSTER_ENVIRONMENT=test",
            "--env", "ROSTER_STORAGE=postgres://roster@store.example:9/roster", IMAGE,
        )  # fmt: skip
        until("it found the host, where nothing listens", lambda: "Connection refused" in docker("logs", client).stderr, 30)
    finally:
        docker("rm", "--force", client, check=False)
        docker("network", "disconnect", "--force", network, service.name, check=False)
        docker("network", "rm", network, check=False)


def test_it_drains_on_sigterm_and_logs_json_without_user_data(service):
    docker("stop", "--time", "40", service.name)
    assert service.state("ExitCode") == "0"
    log = docker("logs", service.name).stderr
    assert [json.loads(line) for line in log.splitlines()], "it logs nothing"
    assert "Ada" not in log and "ada@" not in log


def test_its_users_are_kept_by_the_volume(service):
    docker("rm", service.name)
    service.start()
    assert service.users() == ["ada@example.org"]


def test_without_a_setting_for_authentication_it_refuses_in_one_line():
    done = docker("run", "--rm", "--read-only", IMAGE, check=False, timeout=30)
    assert done.returncode == 64 and len((done.stdout + done.stderr).splitlines()) == 1, done


def test_it_is_small(service, tmp_path):
    docker("cp", "--quiet", f"{service.name}:/roster", str(tmp_path / "roster"))
    size = int(printed("image", "inspect", "--format", "{{.Size}}", IMAGE))
    print(f"\n{'image':28} {size:11} bytes")
    print(f"{'binary':28} {(tmp_path / 'roster').stat().st_size:11} bytes")
    print(f"{'resident, before a request':28} {service.resident:11} kB")
    assert service.resident <= int(os.environ.get("MOST_KILOBYTES", service.resident))
    assert size <= int(os.environ.get("MOST_BYTES", size))
