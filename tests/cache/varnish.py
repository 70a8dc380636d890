"""Runs varnishd on loopback, with the rules of the chart, in front of an API."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import urllib.parse

import pytest
from support.paths import ROOT
from support.waiting import until

CHART = ROOT / "helm/roster/files/cache"
ORIGINS = """
sub known_origin {
  if (req.http.Origin != "https://app.example.org") { unset req.http.Origin; }
}
"""
# What Debian's 7.1 does not know; the image has 7.7.
LATER = {"transit_buffer"}


def write_rules(folder):
    """The rules of the chart: `shipped.vcl` as they are, `roster.vcl` for a busy machine, where a fetch and a test take longer, and
    for images that varnishtest can hold."""
    shipped = (CHART / "roster.vcl").read_text() + ORIGINS
    patient = shipped
    for limit, longer in [("now - bereq.time > 400ms", "now - bereq.time > 60s"), ("beresp.ttl = 5s", "beresp.ttl = 60s"), ("> 4194304", "> 100000")]:
        assert patient.count(limit) == 1
        patient = patient.replace(limit, longer)
    (folder / "shipped.vcl").write_text(shipped)
    (folder / "roster.vcl").write_text(patient)


def parameters():
    """Those of the chart that this Varnish knows, as arguments."""
    lines = [line for line in (CHART / "parameters").read_text().splitlines() if line and not line.startswith("#")]
    known = subprocess.run(["varnishd", "-x", "parameter"], capture_output=True, text=True, check=True).stdout
    unknown = {line for line in lines if not re.search(rf"^{line.split('=')[0]}$", known, re.MULTILINE)}
    assert {line.split("=")[0] for line in unknown} <= LATER
    return [word for line in lines if line not in unknown for word in ("-p", line)]


def required(*programs):
    """Skips where the programs are not installed; in CI that is a failure."""
    if missing := [program for program in programs if not shutil.which(program)]:
        reason = f"not installed: {', '.join(missing)}; `.ci/install varnish` installs them"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def __getattr__(self, name):
        """The header of this name: `x_cache`."""
        return self.headers.get(name.replace("_", "-"))


def ask(url, method="GET", path="/", body=None, **headers):
    """One request; names of headers have underscores."""
    target = urllib.parse.urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(target.hostname, target.port, timeout=60)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response, response.read())


class Varnish:
    """A cache of the API that will listen at this port."""

    def __init__(self, folder, api_port, rules="roster.vcl"):
        self.folder, self.api_port, self.rules = pathlib.Path(folder), api_port, rules
        self.workdir = self.folder / "varnish"

    def __enter__(self):
        write_rules(self.folder)
        backend = f'vcl 4.1;\nbackend api {{ .host = "127.0.0.1"; .port = "{self.api_port}"; }}\ninclude "{self.rules}";\n'
        if self.rules == "roster.vcl":
            # So that nothing is renewed but by a ban.
            backend = backend.replace("include", "sub vcl_backend_response { if (beresp.ttl > 0s) { set beresp.ttl = 60s; } }\ninclude")
        (self.folder / "default.vcl").write_text(backend)
        command = ["varnishd", "-F", "-j", "none", "-n", self.workdir, "-f", self.folder / "default.vcl", "-s", "malloc,32m",
                   "-a", "http=127.0.0.1:0", "-a", "ban=127.0.0.1:0", "-p", f"vcl_path={self.folder}", *parameters()]
        self.log = self.folder / "varnish.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until("varnishd serves", self.serves)
        ports = dict(re.findall(r"^(\w+) 127\.0\.0\.1 (\d+)$", self.command("debug.listen_address"), re.MULTILINE))
        self.url, self.ban_url = (f"http://127.0.0.1:{ports[name]}" for name in ("http", "ban"))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def serves(self):
        assert self.process.poll() is None, self.log.read_text()
        done = subprocess.run(["varnishadm", "-n", self.workdir, "status"], capture_output=True, text=True)
        return "Child in state running" in done.stdout

    def command(self, *words):
        return subprocess.run(["varnishadm", "-n", self.workdir, *words], capture_output=True, text=True, check=True).stdout

    def bans(self):
        """How many bans it has taken."""
        counter = subprocess.run(["varnishstat", "-n", self.workdir, "-1", "-f", "MAIN.bans_added"], capture_output=True, text=True, check=True).stdout
        return int(counter.split()[1])
