"""Varnish with the rules and parameters of the chart in front of a stand-in for the API: slow uploads must not take all its threads."""

import contextlib
import selectors
import socket
import socketserver
import threading
import urllib.parse

import pytest
from support.waiting import until
from varnish import Varnish, ask, required

# All threads: `thread_pool_max`, in two pools.
THREADS = 400


class Api(socketserver.ThreadingTCPServer):
    """Answers each GET at once, and an upload when its client has sent the last byte."""

    daemon_threads, allow_reuse_address, request_queue_size = True, True, THREADS

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Connection)
        self.uploads, self.lock = 0, threading.Lock()


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            if not head.startswith(b"GET "):
                with self.server.lock:
                    self.server.uploads += 1
                if self.rfile.read(2):
                    self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                return
            self.wfile.write(b"HTTP/1.1 200 OK\r\nCache-Control: no-cache, s-maxage=60\r\nSurrogate-Key: users\r\nContent-Length: 4\r\n\r\nlist")


@pytest.fixture
def api():
    with Api() as api:
        threading.Thread(target=api.serve_forever, daemon=True).start()
        yield api
        api.shutdown()


def begin_upload(url):
    """Sends the first of two bytes."""
    target = urllib.parse.urlsplit(url)
    connection = socket.create_connection((target.hostname, target.port), timeout=60)
    connection.sendall(b"PUT /users/ab/avatar HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1")
    return connection


def answered(connections):
    """Those that have an answer."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(0)]


def test_slow_uploads_leave_threads_for_what_is_kept(api, tmp_path):
    required("varnishd", "varnishadm")
    with Varnish(tmp_path, api.server_address[1]) as cache, contextlib.ExitStack() as open_connections:
        ask(cache.url, path="/users")
        uploads = [open_connections.enter_context(begin_upload(cache.url)) for _ in range(THREADS)]
        until("each upload has reached the API, or is refused", lambda: api.uploads + len(answered(uploads)) == THREADS, seconds=50)
        assert api.uploads == THREADS / 2

        kept = ask(cache.url, path="/users")
        assert (kept.status, kept.x_cache, kept.body) == (200, "hit", b"list")
        passed = ask(cache.url, path="/openapi.json")
        assert (passed.status, passed.x_cache) == (200, "miss")
        refused = answered(uploads)
        head, _, body = refused[0].recv(65536).decode().partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 503 ") and "\r\nRetry-After: 1\r\n" in head and "urn:roster:problem:unavailable" in body

        # An upload that ends makes room for another.
        slow = next(upload for upload in uploads if upload not in refused)
        slow.sendall(b"2")
        assert slow.recv(65536).startswith(b"HTTP/1.1 204 ")
        slow.close()
        before = api.uploads

        def another():
            upload = open_connections.enter_context(begin_upload(cache.url))
            until("it has reached the API, or is refused", lambda: api.uploads > before or answered([upload]))
            return api.uploads > before

        until("another upload reaches the API", another)
