"""Existing Libravatar clients find Roster by the SRV record of a domain, and get pictures from it."""

import os
import pathlib
import subprocess
import sys
import urllib.parse

import dns_server
import pytest
from support import roster
from support.forms import multipart
from support.paths import SAMPLES

HERE = pathlib.Path(__file__).parent
CACHE = pathlib.Path(os.environ.get("ROSTER_CACHE", pathlib.Path.home() / ".cache/roster"))


@pytest.fixture
def api(tmp_path):
    settings = {**os.environ, **roster.LOOPBACK, "ROSTER_STORAGE": f"sqlite:{tmp_path}/roster.db"}
    with roster.Api(environment=settings, log=tmp_path / "log") as running:
        running.ask("POST", "/user", 201, *multipart("Ada", "Ada@example.org", (SAMPLES / "portrait.jpg").read_bytes(), "image/jpeg"))
        yield running


@pytest.fixture
def name_server(api):
    """The port of a name server by which the pictures of example.org are at this API."""
    with dns_server.serving(urllib.parse.urlsplit(api.url).port) as port:
        yield str(port)


@pytest.mark.parametrize(
    "client",
    [[sys.executable, HERE / "client.py"], ["node", HERE / "client.js"]],
    ids=["pyLibravatar", "libravatar-npm"],
)
def test_the_client_gets_its_pictures(client, name_server):
    environment = {**os.environ, "NODE_PATH": str(CACHE / "libravatar-client/node_modules")}
    lines = subprocess.run([*client, name_server], env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    assert len(lines) == 4
    for line in lines:
        print(line)
        # For an e-mail and options of the client.
        status, kind, url = line.split(" ", 2)
        got, content_type, _ = roster.answer(url)
        assert got == int(status) and content_type.startswith(kind), f"{url} is {got} {content_type}"
