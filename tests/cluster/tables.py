"""AWS outside the cluster for the topics that put load on it: fast emulators that enforce no policies."""

import subprocess
import tempfile

from cluster import own_address
from support.paths import BINARIES


class Emulated:
    """A table and buckets of the environment `e2e`, without queues: for API pods under load."""

    def __init__(self):
        program = BINARIES / "examples/emulate"
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [program, own_address(), self.folder.name, "users", "avatars", "uploads", "e2e"], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline().split()
        assert len(line) == 2, f"{program} does not serve"
        self.dynamodb, self.s3 = line

    def end(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def values(self):
        """Values of a release on it. No worker: there is no queue."""
        ports = [int(url.rsplit(":", 1)[1]) for url in (self.dynamodb, self.s3)]
        return {
            "store": "aws",
            "environment": "e2e",
            "aws": {
                "region": "eu-central-1", "usersTable": "users", "avatarsBucket": "avatars", "uploadsBucket": "uploads", "identity": "none",
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
        """Credentials that the emulators accept; there are static keys nowhere else."""
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}}
