"""Pods killed with -9 under uploads: acknowledged uploads are kept. Only connections to them break, and are counted."""

import os
import pathlib
import signal

from cluster import HOST, expect, say, until
from load import Load
from underload import release


def process_of(pod):
    """The process of a pod, if the nodes of the cluster are this machine or containers on it."""
    uid = pod["metadata"]["uid"]
    for folder in pathlib.Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0] == b"/roster" and uid in (folder / "cgroup").read_text().replace("_", "-"):
                return int(folder.name)
        except OSError:
            pass
    return None


def kill(pod):
    process = process_of(pod)
    expect(process, "no process of a pod is visible on this machine")
    os.kill(process, signal.SIGKILL)


def more(load):
    """Some hundred requests later."""
    due = load.requests() + 300
    until("300 more requests", lambda: load.requests() >= due)


def main():
    with release("e2e-killed", replicas=2) as roster:
        load = Load([roster.port], HOST, connections=16, rate=100, upload_every=2)
        for name in [pod["metadata"]["name"] for pod in roster.namespace.pods()]:
            more(load)
            kill(roster.namespace.get("pod", name))

            def back():
                status = roster.namespace.get("pod", name)["status"]["containerStatuses"][0]
                return status["restartCount"] == 1 and status["ready"]

            until("a killed pod is back", back)
        more(load)
        said, broken = load.stop(), sum(client.broken for client in load.clients)
        others = [failure for failure in load.failures if failure[1] != 0]
        expect(not others, f"{said}; failures other than broken connections: {others[:5]}")
        expect(broken, "not one connection broke, so nothing was killed under load")
        say(f"two pods killed: {said}, each a connection that broke")
        roster.loses_nothing(load)
