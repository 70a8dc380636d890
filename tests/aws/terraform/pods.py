"""Runs the containers like pods: with a projected token of their service account, by which they assume their role."""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request


def token(account):
    """A token as in a projected volume; the emulated STS reads its claims and does not check the signature."""
    now = int(time.time())
    claims = {"sub": f"system:serviceaccount:roster:roster-{account}", "aud": ["sts.amazonaws.com"], "iat": now, "exp": now + 3600}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, b"signature"])


class Process:
    def __init__(self, arguments, environment, log):
        self.log = pathlib.Path(log)
        self.process = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True)

    def has(self, pattern):
        deadline = time.monotonic() + 120
        while not re.search(pattern, self.log.read_text()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"no line has {pattern}:\n{self.log.read_text()[-6000:]}")
            time.sleep(0.2)

    def asked(self, path):
        """The response of its management address."""
        self.has('"management":"')
        address = re.search('"management":"([^"]+)"', self.log.read_text()).group(1)
        return urllib.request.urlopen(f"http://{address}{path}", timeout=60).read()

    def end(self):
        self.process.terminate()
        if self.process.wait(60) != 0:
            sys.exit(f"it did not exit cleanly:\n{self.log.read_text()[-4000:]}")


class Api(Process):
    def listening(self):
        self.url = re.search(r"(http://[^ ]+) ", self.process.stdout.readline()).group(1)
        return self

    def ask(self, method, target, expected, content_type=None, body=None):
        request = urllib.request.Request(self.url + target, body, {"Content-Type": content_type} if content_type else {}, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        text = answer.read()
        print(f"api: {method} {target[:40]} {answer.status}")
        if answer.status != expected:
            sys.exit(f"{expected} was expected: {text[:2000]}\n{self.log.read_text()[-4000:]}")
        return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text

    def start(self, method, target):
        asking = threading.Thread(target=lambda: self.ask_any(method, target))
        asking.start()
        return asking

    def ask_any(self, method, target):
        try:
            urllib.request.urlopen(urllib.request.Request(self.url + target, method=method), timeout=60).read()
        except urllib.error.HTTPError:
            pass


class Pods:
    def __init__(self, program, settings, role_arns, folder):
        self.program, self.settings, self.role_arns, self.folder = program, settings, role_arns, pathlib.Path(folder)
        self.logs = 0

    def environment(self, account, further=None):
        file = self.folder / f"{account}.token"
        file.write_text(token(account))
        return {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "AWS_REGION": os.environ["AWS_REGION"],
            "AWS_ROLE_ARN": self.role_arns[account],
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
            **self.settings,
            "ROSTER_PUBLIC_URL": "http://127.0.0.1:8080",
            "ROSTER_LISTEN": "127.0.0.1:0",
            "ROSTER_MANAGEMENT_LISTEN": "127.0.0.1:0",
            "ROSTER_LOG": "json",
            **(further or {}),
        }

    def log(self):
        self.logs += 1
        return self.folder / f"{self.logs}.log"

    def serve(self, further=None):
        return Api([self.program, "serve", "--no-worker"], self.environment("api", further), self.log()).listening()

    def worker(self, further=None):
        return Process([self.program, "worker"], self.environment("worker", further), self.log())

    def run(self, *arguments):
        """Runs a data tool; returns its output."""
        done = subprocess.run([self.program, *arguments], env=self.environment("operator"), capture_output=True, text=True, timeout=120)
        if done.returncode not in (0, 1):
            sys.exit(f"roster {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        return done.stdout.strip()

    def refused_elsewhere(self):
        """With another environment than the table's, it exits with 78."""
        further = {"ROSTER_ENVIRONMENT": "other", "ROSTER_CONFIG_ENVIRONMENT": "other"}
        done = subprocess.run([self.program, "serve"], env=self.environment("api", further), capture_output=True, text=True, timeout=120)
        if done.returncode != 78:
            sys.exit(f"on another environment's table it exited with {done.returncode}: {done.stderr}")
        print(f"exit 78: {done.stderr.strip().splitlines()[-1]}")
