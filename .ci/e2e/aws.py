"""AWS outside the cluster: moto, where policies are enforced, or the emulators of the load test, which are fast."""

import select
import socket
import subprocess
import sys
import tempfile
import threading

from cluster import own_address


def forward(port):
    """Hands on what comes to this machine's address, where pods reach it, to a port of loopback; the URL."""
    server = socket.create_server((own_address(), 0))

    def copy(one, other):
        ends = [one, other]
        while readable := select.select(ends, [], [])[0]:
            for end in readable:
                try:
                    data = end.recv(65536)
                    (other if end is one else one).sendall(data)
                except OSError:
                    data = b""
                if not data:
                    one.close()
                    other.close()
                    return

    def accept():
        while True:
            client = server.accept()[0]
            try:
                threading.Thread(target=copy, args=(client, socket.create_connection(("127.0.0.1", port))), daemon=True).start()
            except OSError:
                client.close()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://{own_address()}:{server.getsockname()[1]}"


class Emulated:
    """A table and a bucket of the environment `e2e`, without queues: for API pods under load."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [program, own_address(), self.folder.name, "users", "avatars", "e2e"], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            sys.exit(f"e2e: {program} does not serve")
        self.dynamodb, self.s3 = line

    def end(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def values(self):
        """Of a release on it. No worker: there is no queue."""
        ports = [int(url.rsplit(":", 1)[1]) for url in (self.dynamodb, self.s3)]
        return {
            "store": "aws",
            "environment": "e2e",
            "aws": {
                "region": "eu-central-1", "usersTable": "users", "avatarsBucket": "avatars", "identity": "none",
                "eventsQueueUrl": "http://queue.example.org/events", "deadLettersUrl": "http://queue.example.org/dead-letters",
            },
            "secret": {"existing": "keys"},
            "extraEnv": [
                {"name": "AWS_ENDPOINT_URL_DYNAMODB", "value": self.dynamodb},
                {"name": "AWS_ENDPOINT_URL_S3", "value": self.s3},
            ],
            "worker": {"replicas": 0},
            "networkPolicy": {"extraEgress": [{"to": [{"ipBlock": {"cidr": f"{own_address()}/32"}}], "ports": [{"port": port, "protocol": "TCP"} for port in ports]}]},
        }

    @staticmethod
    def keys():
        """What the emulators take; nowhere else are there static keys."""
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}}
