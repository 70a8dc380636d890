"""Load over kept-alive connections: counts each response, and each connection that breaks without `Connection: close`."""

import concurrent.futures
import http.client
import json
import random
import threading
import time
import uuid

from support.forms import multipart
from support.paths import SAMPLES

PICTURE = (SAMPLES / "small.jpg").read_bytes()


class Client:
    """One connection. `broken` counts connections that broke during a request; `headers` are those of the last response."""

    def __init__(self, address, host, timeout=30):
        self.host, self.broken, self.opened, self.headers = host, 0, 0, {}
        name, port = address.rsplit(":", 1)
        self.connection = http.client.HTTPConnection(name, int(port), timeout=timeout)

    def ask(self, method, target, body=None, headers=None):
        """Status and body; 0 where the connection broke."""
        if self.connection.sock is None:
            self.opened += 1
        try:
            self.connection.request(method, target, body, {"Host": self.host, **(headers or {})})
            answer = self.connection.getresponse()
            self.headers = answer.headers
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.broken += 1
            return 0, repr(error).encode()

    def upload(self, email, picture=PICTURE):
        kind, body = multipart("Load", email, picture, "image/jpeg")
        return self.ask("POST", "/user", body, {"Content-Type": kind})


def path_of(user):
    return "/avatars/" + user["avatar_url"].split("/avatars/", 1)[1]


class Load:
    """`rate` requests a second, one in `upload_every` an upload, over connections to each of `addresses`."""

    def __init__(self, addresses, host, connections, rate, upload_every, draw=False, pictures=(PICTURE,)):
        self.users, self.failures, self.durations = [], [], []
        self.host, self.pause, self.upload_every, self.draw, self.pictures = host, connections / rate, upload_every, draw, pictures
        self.stopped = threading.Event()
        self.clients = [Client(addresses[n % len(addresses)], host) for n in range(connections)]
        status, body = self.clients[0].upload(f"{uuid.uuid4().hex}@example.org")
        assert status == 201, f"the first upload returns {status}: {body[:300]!r}"
        self.users.append(json.loads(body))
        self.threads = [threading.Thread(target=self.work, args=(client,), daemon=True) for client in self.clients]
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()

    def work(self, client):
        due = time.monotonic() + random.random() * self.pause
        while not self.stopped.is_set():
            now = time.monotonic()
            if now < due:
                self.stopped.wait(due - now)
            due = max(due + self.pause, now - 1)
            start = time.monotonic()
            if random.randrange(self.upload_every) == 0:
                status, body = client.upload(f"{uuid.uuid4().hex}@example.org", random.choice(self.pictures))
                if status == 201:
                    self.users.append(json.loads(body))
            else:
                status, body = client.ask("GET", self.target())
            self.durations.append(time.monotonic() - start)
            if not 200 <= status < 300:
                self.failures.append((round(time.monotonic() - self.began, 1), status, body[:200]))

    def target(self):
        user = random.choice(self.users)
        if self.draw:
            return f"/avatar/{user['id']}?s={random.randrange(100, 512)}"
        return random.choice(["/users?limit=20", f"/users/{user['id']}", path_of(user), f"/avatar/{user['id']}?s=64"])

    def requests(self):
        return len(self.durations)

    def stop(self):
        """A summary of the results."""
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
        took = time.monotonic() - self.began
        durations = sorted(self.durations)
        at = lambda share: durations[int(share * (len(durations) - 1))] * 1000
        opened = sum(client.opened for client in self.clients)
        return (
            f"{len(durations)} requests in {took:.0f} s ({len(durations) / took:.0f}/s), {len(self.users)} uploads, {len(self.failures)} failed, "
            f"p50 {at(0.5):.0f} ms, p99 {at(0.99):.0f} ms, {opened} connections"
        )

    def lost(self, address):
        """Acknowledged uploads that are not listed, or whose pictures cannot be read, with the reason."""
        status, body = Client(address, self.host).ask("GET", "/users")
        assert status == 200, f"the list returns {status}: {body[:300]!r}"
        listed = {user["email"] for user in json.loads(body)}

        def shown(users):
            client = Client(address, self.host)
            answers = [(user, *client.ask("GET", path_of(user))) for user in users]
            return [
                f"{user['id']}, {'' if user['email'] in listed else 'not '}listed; its picture returns {status}, {body[:200]!r}"
                for user, status, body in answers if user["email"] not in listed or status != 200
            ]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return sum(pool.map(shown, [self.users[n::8] for n in range(8)]), [])
