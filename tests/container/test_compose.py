"""`docker compose up --wait` as a user runs it: an upload, its renditions by the event, a restart of each container, down; then the
profiles `embedded` and `cached`. Each test continues where the one before it ended, and prints its times."""

import contextlib
import hashlib
import json
import re
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
from engine import docker, printed
from support import roster
from support.forms import multipart
from support.paths import ROOT, SAMPLES
from support.uploads import announcement, send
from support.waiting import until

API = "http://localhost:8080"
IMAGE = "roster:debug"
PORTRAIT = (SAMPLES / "portrait.jpg").read_bytes()
PROJECT = "roster-check"


def compose(*arguments, check=True):
    """In a project of its own, so that a developer's containers are not stopped. The file .env chooses the profile."""
    return docker("compose", *arguments, check=check, COMPOSE_PROJECT_NAME=PROJECT, ROSTER_IMAGE=IMAGE)


@contextlib.contextmanager
def step(name):
    """Prints how long it takes."""
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:4.0f} s  {name}", flush=True)


@pytest.fixture(scope="module", autouse=True)
def project(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COMPOSE_PROFILES", raising=False)
        # What a run that was killed left.
        compose("--profile", "*", "down", "--volumes", check=False)
        # `up` builds the image if it does not exist.
        with step("image"):
            subprocess.run([ROOT / "tools/image", "--debug", IMAGE], cwd=ROOT, check=True)
        try:
            yield
            if request.session.testsfailed:
                print(compose("--profile", "*", "ps", "--all", check=False).stdout)
                print(compose("--profile", "*", "logs", "--no-color", "--tail", "60", check=False).stdout)
        finally:
            compose("--profile", "*", "down", "--volumes", check=False)


def hash_of(name):
    return hashlib.sha256(f"{name}@example.org".encode()).hexdigest()


def upload(name):
    status, _, body = roster.answer(f"{API}/user", "POST", *multipart(name, f"{name}@example.org", PORTRAIT, "image/jpeg"))
    assert status == 201, body
    return json.loads(body)


def upload_directly(name):
    """Sends the picture to LocalStack, whose name is known only inside its network."""
    status, _, body = roster.answer(f"{API}/uploads", "POST", *announcement(PORTRAIT, "image/jpeg"))
    assert status == 201, body
    place = json.loads(body)
    named = urllib.parse.urlsplit(place["url"])
    outside = {**place, "url": named._replace(netloc="127.0.0.1:4566").geturl()}
    assert send(outside, PORTRAIT, host=named.netloc) == 200
    form = multipart(name, f"{name}@example.org", None, upload=place["upload"])
    status, _, body = roster.answer(f"{API}/user", "POST", *form)
    assert status == 201, body
    return json.loads(body)


def use(name):
    """Stores a picture, reads it at its URL, and waits for the renditions of the worker."""
    status, _, picture = roster.answer(upload(name)["avatar_url"])
    assert status == 200 and picture[:3] == b"\xff\xd8\xff"

    def worked():
        log = compose("logs", "--no-color", "--no-log-prefix", "worker").stdout
        return any('"event.outcome":"done"' in line and hash_of(name) in line for line in log.splitlines())

    until(f"the worker makes renditions of {name}", worked)
    request = urllib.request.Request(f"{API}/avatar/{hash_of(name)}?s=128", headers={"Accept": "image/webp"})
    assert urllib.request.urlopen(request, timeout=60).read(4) == b"RIFF", "the rendition is not a WebP"


def is_ready():
    with contextlib.suppress(OSError):
        _, _, body = roster.answer(f"{API}/readyz")
        return b'"status":"ready"' in body


def test_it_serves_with_its_worker_and_not_as_root():
    with step("up, cold"):
        compose("up", "--wait")
    use("ada")
    assert roster.answer(upload_directly("direct")["avatar_url"])[0] == 200
    assert not re.search("^root", compose("top", "api", "worker").stdout, re.M), "a container of Roster runs as root"


@pytest.mark.parametrize("service", ["worker", "api"])
def test_a_restarted_service_goes_on(service):
    with step(f"{service}: restart"):
        compose("restart", service)
    until(f"an answer after the restart of {service}", is_ready)
    use(f"after-{service}")


def test_after_a_restart_of_localstack_everything_is_made_again():
    """LocalStack keeps nothing: a second `up` uses the same Terraform."""
    running = compose("ps", "--quiet").stdout.split()
    print(printed("stats", "--no-stream", "--format", "      {{.Name}}: {{.MemUsage}}", *running))
    with step("localstack: restart"):
        compose("restart", "localstack")
    with step("up again"):
        compose("up", "--wait")
    use("after-localstack")
    with step("down"):
        compose("down", "--volumes")


def test_the_profile_embedded_is_one_service_that_keeps_its_users():
    with step("embedded: up"):
        compose("--profile", "embedded", "up", "--wait")
    assert compose("--profile", "embedded", "ps", "--services").stdout.split() == ["embedded"]
    upload("ada")
    with step("embedded: restart"):
        compose("--profile", "embedded", "restart")
    until("an answer of the embedded service", is_ready)
    assert b"ada@example.org" in roster.answer(f"{API}/users")[2], "a restart lost a user"
    with step("embedded: down"):
        compose("--profile", "embedded", "down", "--volumes")
    left = printed("volume", "ls", "--quiet", "--filter", f"name={PROJECT}")
    assert not left, f"volumes are left: {left}"


def asked(method="GET", path="/users", content_type=None, body=None):
    """Through the cache: `hit` or `miss`, and the answer."""
    request = urllib.request.Request(API + path, body, {"Content-Type": content_type} if content_type else {}, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.headers["X-Cache"], response.read()


def test_the_profile_cached_is_five_apis_behind_one_cache():
    with step("cached: up"):
        compose("--profile", "cached", "up", "--wait")
    services = compose("--profile", "cached", "ps", "--services").stdout.split()
    assert sorted(services) == ["cache", *(f"cached-{number}" for number in range(1, 6)), "localstack", "worker"]
    assert not re.search("^root", compose("--profile", "cached", "top", "cache").stdout, re.M), "the cache runs as root"
    until("a hit", lambda: asked()[0] == "hit")
    # By any of the APIs, a write is visible, and before the lifetime of the list that is kept ends: 5 s.
    for number in range(10):
        until("the list is kept", lambda: asked()[0] == "hit")
        upload(f"cached-{number}")
        until("it is listed", lambda number=number: f"cached-{number}@example.org".encode() in asked()[1], seconds=3, pause=0.05)
    # Each ban is repeated half a second later, and would end a list that was kept before that.
    missed = time.monotonic()

    def is_kept():
        nonlocal missed
        if asked()[0] != "hit":
            missed = time.monotonic()
        return time.monotonic() - missed > 1

    until("the list is kept for a second", is_kept)
    kept = asked()[1]
    with step("cached: stop the APIs"):
        compose("--profile", "cached", "stop", *(f"cached-{number}" for number in range(1, 6)))
    assert asked() == ("hit", kept)
    with step("cached: down"):
        compose("--profile", "cached", "down", "--volumes")
