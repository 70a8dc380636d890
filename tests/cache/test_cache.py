"""Varnish in front of `roster serve`, with the rules of the chart: what clients see of both together."""

import contextlib
import hashlib
import http.client
import json
import os
import re
import subprocess
import urllib.parse

import pytest
from support import roster
from support.forms import multipart
from support.paths import SAMPLES
from support.waiting import until
from varnish import Varnish, ask, free_port, required

PORTRAIT, OTHER = (SAMPLES / "portrait.jpg").read_bytes(), (SAMPLES / "small.jpg").read_bytes()
LIST = "/users?limit=100"


class Pair:
    """An API and its cache."""

    def __init__(self, folder, **rules):
        self.folder, self.port = folder, free_port()
        self.cache, self.api = Varnish(folder, self.port, **rules), None

    def start(self, **settings):
        """Starts the API, at the same port each time."""
        environment = {**os.environ, **roster.LOOPBACK, "ROSTER_LISTEN": f"127.0.0.1:{self.port}", "ROSTER_STORAGE": f"sqlite:{self.folder}/roster.db",
                       "ROSTER_CACHE_BAN_URL": self.cache.ban_url, **settings}
        self.api = roster.Api(environment=environment, log=self.folder / "log")

    def stop(self):
        if self.api and self.api.process.poll() is None:
            self.api.end()

    def ask(self, method, path, body=None, **headers):
        """Through the cache."""
        answer = ask(self.cache.url, method, path, body, **headers)
        assert answer.surrogate_key is None
        # Uploads are piped.
        assert answer.x_cache in ("hit", "miss") or method in ("POST", "PUT")
        return answer

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def create(self, name):
        kind, form = multipart(name, f"{name}@example.org", PORTRAIT, "image/jpeg")
        with self.settled():
            answer = self.ask("POST", "/user", form, Content_Type=kind)
        assert answer.status == 201, answer.body
        return json.loads(answer.body)

    @contextlib.contextmanager
    def settled(self):
        """Around a write: waits for its ban, and for the second of half a second later, which would end later hits."""
        before = self.cache.bans()
        yield
        until("both bans", lambda: self.cache.bans() >= before + 2, pause=0.05)

    def names(self):
        return {user["name"] for user in json.loads(self.get(LIST).body)}

    def counted(self, metric):
        return int(re.search(rf"^{metric} (\d+)$", self.api.asked("/metrics").decode(), re.MULTILINE)[1])


@contextlib.contextmanager
def started(folder, **rules):
    required("varnishd", "varnishadm", "varnishstat")
    pair = Pair(folder, **rules)
    with pair.cache:
        pair.start()
        try:
            yield pair
        finally:
            pair.stop()


@pytest.fixture
def pair(tmp_path):
    """Nothing is renewed within a minute, but by a ban."""
    with started(tmp_path) as pair:
        yield pair


def path_of(url):
    return urllib.parse.urlsplit(url).path


def hashes(name):
    email = f"{name}@example.org".encode()
    return [hashlib.sha256(email).hexdigest(), hashlib.md5(email).hexdigest()]


def test_a_second_request_is_a_hit_and_the_same_as_of_the_api(pair):
    ada = pair.create("ada")
    for path in [LIST, "/users", f"/users/{ada['id']}", f"/avatar/{ada['id']}?s=64", f"/avatar/{hashes('ada')[1]}.png", path_of(ada["avatar_url"])]:
        first, second = pair.get(path), pair.get(path)
        assert (first.status, first.x_cache, second.x_cache) == (200, "miss", "hit"), path
        direct = ask(pair.api.url, path=path)
        assert second.body == first.body == direct.body
        for header in ["content-type", "etag", "link", "vary", "content-length", "accept-ranges", "content-security-policy", "x-content-type-options"]:
            assert second.headers.get(header) == direct.headers.get(header), (path, header)
        assert second.cache_control == direct.cache_control.replace(", s-maxage=5", "")
        assert second.x_request_id not in (None, first.x_request_id)
        assert (second.via, second.x_varnish) == (None, None)
    assert pair.get(LIST, X_Request_Id="mine").x_request_id == "mine"


def test_no_key_is_sent_without_a_cache(pair):
    ada = pair.create("ada")
    assert ask(pair.api.url, path=f"/users/{ada['id']}").surrogate_key == ada["id"]
    pair.stop()
    pair.start(ROSTER_CACHE_BAN_URL="")
    for path in [LIST, f"/users/{ada['id']}", f"/avatar/{ada['id']}"]:
        assert ask(pair.api.url, path=path).surrogate_key is None


def test_a_write_is_visible_at_once(pair):
    # A write waits for its ban, but only 50 ms, which may be too short for a busy machine.
    def soon(what, holds):
        until(what, holds, seconds=20, pause=0.02)

    missing = [f"/avatar/{value}?d={default}" for value in hashes("ada") for default in ("404", "identicon")]
    before = {}
    for path in [LIST, *missing]:
        before[path] = pair.get(path)
        assert pair.get(path).x_cache == "hit"
    ada = pair.create("ada")
    assert pair.names() == {"ada"}
    pictures = {path: pair.get(path) for path in missing}
    assert {picture.status for picture in pictures.values()} == {200}
    assert len({picture.body for picture in pictures.values()}) == 1
    user, old = f"/users/{ada['id']}", path_of(ada["avatar_url"])
    for path in [user, old]:
        pair.get(path)
        assert pair.get(path).x_cache == "hit"

    renamed = pair.ask("PATCH", user, b'{"name": "Countess"}', Content_Type="application/merge-patch+json")
    assert renamed.status == 200
    soon("the user has the name", lambda: json.loads(pair.get(user).body)["name"] == "Countess")
    soon("the list has the name", lambda: pair.names() == {"Countess"})
    assert pair.get(user).etag == renamed.etag

    assert pair.ask("PUT", f"{user}/avatar", OTHER, Content_Type="image/jpeg").status == 200
    soon("the old image is gone", lambda: pair.get(old).status == 404)
    for path, picture in pictures.items():
        soon(f"{path} is the new one", lambda path=path, picture=picture: pair.get(path).body != picture.body)

    assert pair.ask("DELETE", user).status == 204
    soon("the list is empty", lambda: pair.names() == set())
    soon("the user is gone", lambda: pair.get(user).status == 404)
    for path in missing:
        soon(f"{path} is as before", lambda path=path: (pair.get(path).status, pair.get(path).etag) == (before[path].status, before[path].etag))
    assert pair.counted("roster_cache_bans_total") == 4
    assert pair.counted("roster_cache_bans_failed_total") == 0


def test_what_is_kept_is_sent_while_the_api_is_away(pair):
    ada = pair.create("ada")
    kept = [LIST, f"/users/{ada['id']}", f"/avatar/{ada['id']}", path_of(ada["avatar_url"])]
    before = [pair.get(path) for path in kept]
    pair.stop()
    for path, first in zip(kept, before, strict=True):
        answer = pair.get(path)
        assert (answer.status, answer.x_cache, answer.body) == (200, "hit", first.body), path
    missing = pair.get("/users?limit=7")
    assert (missing.status, missing.content_type, missing.retry_after) == (503, "application/problem+json", "1")
    assert json.loads(missing.body)["type"] == "urn:roster:problem:unavailable"
    assert pair.ask("DELETE", f"/users/{ada['id']}").status == 503

    pair.start()
    # Varnish does not connect for a quarter of a second after a refusal.
    until("the API is back", lambda: pair.ask("DELETE", f"/users/{ada['id']}").status == 204, pause=0.05)
    until("the list is empty", lambda: pair.names() == set(), seconds=20, pause=0.02)


def test_an_answer_to_a_token_is_never_shared(pair):
    pair.create("ada")
    pair.get(LIST)
    assert pair.get(LIST).x_cache == "hit"
    for _ in range(2):
        assert pair.get(LIST, Authorization="Bearer one").x_cache == "miss"
    # With an issuer nothing of users is kept at all; pictures, open to everyone, are.
    pair.stop()
    pair.cache.command("ban", "obj.status", "!=", "0")
    pair.start(ROSTER_AUTH="oidc", ROSTER_AUTH_ISSUER="http://127.0.0.1:1", ROSTER_AUTH_AUDIENCE="roster")
    for _ in range(2):
        answer = pair.get(LIST)
        assert (answer.status, answer.x_cache) == (401, "miss")
    picture = f"/avatar/{hashes('ada')[0]}"
    pair.get(picture)
    assert pair.get(picture).x_cache == "hit"


def test_head_ranges_and_conditions(pair):
    ada = pair.create("ada")
    image = path_of(ada["avatar_url"])
    whole = pair.get(image)
    head = pair.ask("HEAD", image)
    assert (head.status, head.x_cache, head.content_length, head.body) == (200, "hit", str(len(whole.body)), b"")
    part = pair.get(image, Range="bytes=10-19")
    assert (part.status, part.x_cache, part.body) == (206, "hit", whole.body[10:20])
    assert part.content_range == f"bytes 10-19/{len(whole.body)}"
    assert pair.get(image, Range=f"bytes={len(whole.body)}-").status == 416
    assert pair.get(image, If_Match='"other"').status == 412
    pair.get(LIST)
    for path in [image, LIST, f"/users/{ada['id']}", f"/avatar/{ada['id']}"]:
        known = pair.get(path)
        unchanged = pair.get(path, If_None_Match=known.etag)
        assert (unchanged.status, unchanged.x_cache, unchanged.body, unchanged.etag) == (304, "hit", b"", known.etag), path
    assert pair.get(LIST, Range="bytes=0-1").status == 200


def test_other_methods_and_paths_are_the_apis(pair):
    for method, path, status in [
        ("BREW", "/users", 405), ("PURGE", "/users", 405), ("BAN", "/users", 405), ("OPTIONS", "/users", 405), ("POST", "/users", 405), ("GET", "/nothing", 404),
        ("GET", "/users?limit=0", 400), ("GET", "/avatar/ada@example.org", 400), ("GET", "/healthz", 200), ("GET", "/openapi.json", 200),
    ]:
        through, direct = pair.ask(method, path), ask(pair.api.url, method, path)
        assert (through.status, through.allow, through.x_cache) == (direct.status, direct.allow, "miss") == (status, direct.allow, "miss"), (method, path)
        assert through.content_type == direct.content_type
    # The API bans, and clients do not.
    pair.create("ada")
    pair.get(LIST)
    assert pair.ask("POST", "/", b"", Surrogate_Key="all").status == 404
    assert pair.get(LIST).x_cache == "hit"


def test_a_ban_that_did_not_arrive_is_counted_and_made_up_for(tmp_path):
    with started(tmp_path, rules="shipped.vcl") as pair:
        pair.create("ada")
        assert pair.names() == {"ada"}
        # Nothing listens there.
        pair.stop()
        pair.start(ROSTER_CACHE_BAN_URL=f"http://127.0.0.1:{free_port()}")
        user = f"/users/{hashes('ada')[0]}"
        renamed = pair.ask("PATCH", user, b'{"name": "Countess"}', Content_Type="application/merge-patch+json")
        assert renamed.status == 200
        until("it is counted", lambda: pair.counted("roster_cache_bans_failed_total") == 1)
        # The lifetime of a list is the net below.
        until("the list is renewed", lambda: pair.names() == {"Countess"}, seconds=60)


def test_an_upload_that_is_refused_before_its_end_gets_the_answer_of_the_api(pair):
    def refused(url):
        """The status for a form that would be too large, whose body is never sent."""
        with contextlib.closing(http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)) as connection:
            connection.putrequest("POST", "/user")
            connection.putheader("Content-Type", "text/plain")
            connection.putheader("Content-Length", "100000000")
            connection.endheaders()
            return connection.getresponse().status
    assert refused(pair.cache.url) == refused(pair.api.url)
    assert 400 <= refused(pair.cache.url) < 500


@pytest.mark.parametrize("megabytes", [9, 12])
def test_a_client_that_sends_a_form_of_9_to_12_mb_reads_its_413_as_without_the_cache(megabytes, pair):
    pair.stop()
    pair.start(ROSTER_MAX_UPLOAD_BYTES="1000000")

    def refused(url):
        """The words for a client that reads them only after its last byte."""
        answer = ask(url, "POST", "/user", b"x" * megabytes * 1_000_000, Content_Type="multipart/form-data; boundary=x")
        assert (answer.status, answer.content_type, answer.connection) == (413, "application/problem+json", "close"), answer.body
        return json.loads(answer.body)["detail"]

    assert "may have at most" in refused(pair.api.url)
    assert refused(pair.cache.url) == refused(pair.api.url)


def test_the_exporter_shows_the_hit_ratio(pair, tmp_path):
    required("prometheus-varnish-exporter", "varnishstat")
    pair.get(LIST)
    for _ in range(3):
        pair.get(LIST)
    port = free_port()
    command = ["prometheus-varnish-exporter", "-web.listen-address", f"127.0.0.1:{port}", "-n", pair.cache.workdir]
    with (tmp_path / "exporter.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as exporter:
        try:
            def metrics():
                try:
                    return ask(f"http://127.0.0.1:{port}", path="/metrics").body.decode()
                except OSError:
                    return ""
            text = until("it has metrics", metrics)
        finally:
            exporter.terminate()
    assert int(re.search(r"^varnish_main_cache_hit (\d+)$", text, re.MULTILINE)[1]) == 3
    assert int(re.search(r"^varnish_main_cache_miss (\d+)$", text, re.MULTILINE)[1]) == 1
