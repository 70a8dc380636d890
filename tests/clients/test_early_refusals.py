"""Clients can read a refusal that is sent before they have sent their request: browsers, axios, superagent, fetch, and Python's
http.client."""

import functools
import http.client
import http.server
import os
import pathlib
import threading
import time
import urllib.parse

import pytest
from programs import BROWSERS, in_browser, node
from support import roster

HERE = pathlib.Path(__file__).parent
MAX_BYTES = 1 << 20
MEGABYTE = 1_000_000
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


class Page(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def page():
    """The origin of a page of another site on this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory=HERE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def api(tmp_path, page):
    settings = {
        **os.environ, **roster.LOOPBACK, "ROSTER_STORAGE": f"sqlite:{tmp_path}/roster.db",
        "ROSTER_MAX_UPLOAD_BYTES": str(MAX_BYTES), "ROSTER_CORS_ORIGINS": page,
    }
    with roster.Api(environment=settings, log=tmp_path / "log") as running:
        yield running


def assert_refused(status, text):
    assert status == 413, text
    assert "at most" in text and "bytes" in text, text


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_form_of_9_mb_gets_its_413_in_words(browser, api, page):
    shown = in_browser(browser, "forms.js", f"{page}/page.html#{api.url}")
    print(browser, shown)
    for way in ("byScript", "byForm"):
        assert_refused(**shown[way])


@pytest.mark.parametrize("megabytes", [8, 12])
def test_clients_of_node_read_a_413_and_send_their_next_request(megabytes, api):
    answers = node("node_clients.js", api.url, str(megabytes * MEGABYTE))
    for answer in answers:
        assert_refused(answer["status"], answer["text"])
        assert answer["next"] == 200
    assert {answer["client"] for answer in answers} == {"axios", "superagent", "fetch"}
    print(len(answers), "refusals were read")


class Throttled:
    """A socket that sends a megabyte each second."""

    def __init__(self, socket):
        self.socket = socket

    def sendall(self, data):
        for at in range(0, len(data), MEGABYTE // 10):
            self.socket.sendall(data[at : at + MEGABYTE // 10])
            time.sleep(0.1)

    def __getattr__(self, name):
        return getattr(self.socket, name)


@pytest.mark.parametrize(("bytes_sent", "wrapped"), [(12 * MEGABYTE, None), (5 * MEGABYTE, Throttled)], ids=["12 MB", "5 MB at 1 MB/s"])
def test_pythons_client_reads_a_413(bytes_sent, wrapped, api):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(api.url).netloc, timeout=60)
    connection.connect()
    if wrapped:
        connection.sock = wrapped(connection.sock)
    connection.request("POST", "/user", b"x" * bytes_sent, FORM)
    answer = connection.getresponse()
    assert answer.headers["Connection"] == "close"
    assert_refused(answer.status, answer.read().decode())
