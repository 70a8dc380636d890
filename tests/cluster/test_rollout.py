"""Under load: a new image, a changed setting, evictions as in a node's drain, fewer pods. Nothing fails."""

import os

from cluster import HOST, report, until
from evictions import drain, evict
from load import Load
from underload import release

# A debug program is slower.
RATE, REQUESTS = (230, 30_000) if os.environ.get("CI_FULL") else (100, 12_000)


def test_nothing_fails_while_pods_are_replaced():
    with release("e2e-rollout", replicas=3) as roster:
        report(f"idle: {roster.namespace.used()}")
        load = Load([roster.ingress, roster.port], HOST, connections=24, rate=RATE, upload_every=10)
        until("1000 requests", lambda: load.requests() >= 1000)

        def after(what):
            report(f"{what}, after {load.requests()} requests: {len(load.failures)} failed")

        roster.values["image"]["tag"] = "next"
        roster.upgrade()
        assert {pod["spec"]["containers"][0]["image"] for pod in roster.namespace.pods()} == {"roster:next"}, "pods have another image"
        after("a new image")
        roster.values["settings"] = {"initials": True}
        roster.upgrade()
        after("a changed setting")
        drain(roster.namespace)
        after("every pod evicted")
        roster.values["api"]["replicas"] = 1
        roster.upgrade()
        assert not evict(roster.namespace, roster.namespace.pods()[0]), "the last pod is evicted"
        after("one pod left, whose eviction is refused")
        until(f"{REQUESTS} requests", lambda: load.requests() >= REQUESTS, 300)
        report(f"the one pod under load: {roster.namespace.used()}")
        said = load.stop()
        assert not load.failures, f"{said}; the first failures: {load.failures[:5]}"
        report(said)
        roster.loses_nothing(load)
