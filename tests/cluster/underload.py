"""A release on the emulated AWS whose API is reached from outside in two ways, for the topics that put load on it."""

import contextlib

from cluster import HOST, REACHED, Namespace, clients, ingress, namespace_peer, report, until
from load import Client
from tables import Emulated


class Release:
    def __init__(self, name, replicas, cloud, *files, **further):
        self.namespace, self.files = Namespace(name), files
        self.namespace.apply(cloud.keys())
        self.values = {
            **cloud.values(), **REACHED, "ingress": {"enabled": True, "flavour": "none", "host": HOST}, "service": {"type": "NodePort"},
            "api": {"replicas": replicas, "resources": {"requests": {"cpu": "100m"}}}, **further,
        }
        self.values["networkPolicy"] |= {"clients": clients(), "prometheus": [namespace_peer(f"{name}-monitoring")]}
        self.upgrade()
        self.port, self.ingress = self.namespace.node_port(), ingress()
        until("the ingress routes to the API", lambda: Client(self.ingress, HOST).ask("GET", "/users")[0] == 200)

    def upgrade(self):
        self.namespace.upgrade(*self.files, values=self.values)

    def loses_nothing(self, *loads):
        # Not by the node port: the cluster at hand refuses some new connections to it from its own node.
        lost = sum((load.lost(self.ingress) for load in loads), [])
        assert not lost, f"{len(lost)} acknowledged uploads are lost: {lost[:5]}"
        report(f"{sum(len(load.users) for load in loads)} acknowledged uploads are there, with their pictures")


@contextlib.contextmanager
def release(name, replicas, *files, **further):
    """With these values files, and further values."""
    cloud = Emulated()
    try:
        made = Release(name, replicas, cloud, *files, **further)
        yield made
        made.namespace.remove()
    finally:
        cloud.end()
