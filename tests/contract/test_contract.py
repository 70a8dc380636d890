"""Each target keeps the contract that it serves at /openapi.json: schemathesis with all its checks, on the process and on the functions
behind an HTTP API, with and without authentication."""

import contextlib
import json
import os
import pathlib
import re
import string
import subprocess
import urllib.request

import issuer
import pytest
from support import roster
from support.forms import multipart
from support.paths import BINARIES, SAMPLES

HERE = pathlib.Path(__file__).parent
CACHE = pathlib.Path(os.environ.get("ROSTER_CACHE", pathlib.Path.home() / ".cache/roster"))
# For each operation, in each phase.
EXAMPLES = "100" if os.environ.get("CI_FULL") else "10"


@contextlib.contextmanager
def process(settings, folder):
    """`roster serve` on the embedded store."""
    environment = {**os.environ, **roster.LOOPBACK, "ROSTER_STORAGE": f"sqlite:{folder}/roster.db", "ROSTER_DEMO": "on", **settings}
    with roster.Api(environment=environment, log=folder / "log") as api:
        yield api.url


@contextlib.contextmanager
def functions(settings, _):
    """The Lambda functions, on emulated AWS."""
    environment = {**os.environ, "ROSTER_DEMO": "on", "ROSTER_AUTH": "off", **settings}
    command = [BINARIES / "examples/gateway", BINARIES]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as gateway:
        url = gateway.stdout.readline().strip()
        assert url, "the functions do not start"
        yield url
        gateway.terminate()


@pytest.mark.parametrize("authentication", ["off", "on"])
@pytest.mark.parametrize("target", [process, functions])
def test_all_checks_pass(target, authentication, tmp_path):
    with issuer.serving() as tokens:
        is_on = authentication == "on"
        with target(tokens.settings() if is_on else {}, tmp_path) as url:
            run(url, tmp_path, {"Authorization": f"Bearer {tokens.token()}"} if is_on else {})


def stored(url, headers):
    """User and file of an image."""
    picture = (SAMPLES / "badge.png").read_bytes()
    kind, form = multipart("Ada", "ada.lovelace@example.org", picture)
    request = urllib.request.Request(f"{url}/user", form, {"Content-Type": kind, **headers})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["avatar_url"].split("/")[-2:]


def run(url, folder, headers):
    """Prints its report."""
    user, file = stored(url, headers)
    template = string.Template((HERE / "schemathesis.toml").read_text())
    config = folder / "schemathesis.toml"
    config.write_text(template.substitute(HOOKS=HERE / "hooks.py", KNOWN_USER=user, KNOWN_FILE=file))
    command = [CACHE / "bin/schemathesis", "--config-file", config, "run", f"{url}/openapi.json", "--url", url]
    command += ["--max-examples", EXAMPLES, "--no-color"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    ended = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    print(ended.stdout)
    assert ended.returncode == 0
    # Without links there would be no histories.
    assert int(re.search(r"API Links: +(\d+) covered", ended.stdout)[1]) > 0
