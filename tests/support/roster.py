"""Runs `roster` in processes of their own."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import threading
import urllib.error
import urllib.request

from support.paths import BINARIES, ROSTER
from support.waiting import until

# No port is fixed: tests may run beside a server.
LOOPBACK = {"ROSTER_PUBLIC_URL": "http://127.0.0.1:8080", "ROSTER_LISTEN": "127.0.0.1:0", "ROSTER_MANAGEMENT_LISTEN": "127.0.0.1:0"}


class Process:
    """A process and its log; it is killed at the end of a `with` block if it still runs."""

    def __init__(self, *arguments, environment, log):
        self.log = pathlib.Path(log)
        with self.log.open("w") as file:
            self.process = subprocess.Popen([ROSTER, *arguments], env=environment, stdout=subprocess.PIPE, stderr=file, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def has(self, pattern, times=1):
        """Waits for lines of the log."""
        def found():
            return len(re.findall(pattern, self.log.read_text())) >= times or self.process.poll() is not None
        until(f"a line with {pattern}", found)
        assert len(re.findall(pattern, self.log.read_text())) >= times, f"no line has {pattern}:\n{self.log.read_text()[-6000:]}"

    def management(self):
        """Its management address."""
        self.has('"management":"')
        return re.search('"management":"([^"]+)"', self.log.read_text())[1]

    def asked(self, path):
        """The response of its management address."""
        return urllib.request.urlopen(f"http://{self.management()}{path}", timeout=60).read()

    def end(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, f"it did not exit cleanly:\n{self.log.read_text()[-4000:]}"


class Api(Process):
    """`roster serve` that listens."""

    def __init__(self, *arguments, environment, log):
        super().__init__("serve", *arguments, environment=environment, log=log)
        address = re.search(r"(http://[^ ]+) ", self.process.stdout.readline())
        assert address, f"it does not listen:\n{self.log.read_text()[-4000:]}"
        self.url = address[1]

    def answer(self, method, target, content_type=None, body=None):
        return answer(self.url + target, method, content_type, body)

    def ask(self, method, target, expected, content_type=None, body=None):
        status, kind, text = self.answer(method, target, content_type, body)
        print(f"api: {method} {target[:40]} {status}")
        assert status == expected, f"{expected} was expected: {text[:2000]}\n{self.log.read_text()[-4000:]}"
        return json.loads(text) if "json" in kind else text

    def start(self, method, target):
        asking = threading.Thread(target=self.answer, args=(method, target))
        asking.start()
        return asking


def answer(url, method="GET", content_type=None, body=None):
    """Status, content type and body."""
    request = urllib.request.Request(url, body, {"Content-Type": content_type} if content_type else {}, method=method)
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        response = error
    return response.status, response.headers.get("Content-Type", ""), response.read()


def run(*arguments, environment):
    """Runs a command to its end."""
    return subprocess.run([ROSTER, *arguments], env=environment, capture_output=True, text=True, timeout=120)


def provisioned(table, bucket, environment):
    """Makes a table, buckets and queues at AWS_ENDPOINT_URL; the settings of a process that uses them."""
    uploads = f"{bucket}-uploads"
    command = [BINARIES / "examples/provision", table, bucket, uploads, f"{bucket}-events", environment]
    queue, dead_letters = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {
        **os.environ, **LOOPBACK, "ROSTER_STORAGE": "aws", "ROSTER_ENVIRONMENT": environment, "ROSTER_USERS_TABLE": table,
        "ROSTER_AVATARS_BUCKET": bucket, "ROSTER_UPLOADS_BUCKET": uploads, "ROSTER_EVENTS_QUEUE_URL": queue, "ROSTER_DEAD_LETTERS_URL": dead_letters,
    }
