"""Pods killed with -9 under uploads: acknowledged uploads are kept. Only connections to them break, and are counted."""

import pytest
from cluster import HOST, report, until
from load import Load
from processes import kill
from underload import release


def more(load):
    """Some hundred requests later."""
    due = load.requests() + 300
    until("300 more requests", lambda: load.requests() >= due)


@pytest.mark.long
def test_acknowledged_uploads_survive_kills():
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
        assert not others, f"{said}; failures other than broken connections: {others[:5]}"
        assert broken, "not one connection broke, so nothing was killed under load"
        report(f"two pods killed: {said}, each a connection that broke")
        roster.loses_nothing(load)
