"""A proxy of moto that changes responses, and the clock of S3."""

import contextlib
import datetime
import email.utils
import http.client
import http.server
import os
import re
import threading
import time
import urllib.parse


class Proxy(http.server.BaseHTTPRequestHandler):
    """`change` modifies response bodies, and S3's clock is off by `clock` seconds."""

    protocol_version = "HTTP/1.1"
    moto = None
    change = staticmethod(lambda call, body: body)
    clock = 0
    # Objects that are older than they say.
    aged = {}

    @classmethod
    def reset(cls):
        cls.change, cls.clock, cls.aged = staticmethod(lambda call, body: body), 0, {}

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        aws = http.client.HTTPConnection(*self.moto)
        aws.request(self.command, self.path, body, dict(self.headers.items()))
        answer = aws.getresponse()
        content, date = answer.read(), answer.headers.get("Date")
        call = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if "list-type=2" in self.path:
            call = "ListObjectsV2"
            content = re.sub(rb"<Contents>.*?</Contents>", self.redated, content, flags=re.DOTALL)
            date = email.utils.formatdate(time.time() + Proxy.clock, usegmt=True)
        content = Proxy.change(call, content)
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("date", "content-length", "transfer-encoding", "connection", "x-amz-crc32"):
                self.send_header(name, value)
        self.send_header("Date", date)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    @staticmethod
    def redated(listed):
        text = listed[0].decode()
        seconds = Proxy.clock - Proxy.aged.get(re.search("<Key>(.*?)</Key>", text)[1], 0)
        put_at = re.search("<LastModified>(.*?)</LastModified>", text)[1]
        moved = datetime.datetime.fromisoformat(put_at) + datetime.timedelta(seconds=seconds)
        return text.replace(put_at, moved.strftime("%Y-%m-%dT%H:%M:%SZ")).encode()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def proxied():
    """Its URL."""
    aws = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
    Proxy.moto = aws.hostname, aws.port
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
