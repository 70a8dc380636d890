"""Behind a load balancer that learns of pods 15 s late, as an ALB does, with the drain of eks.yaml: a roll-out and a drain fail nothing."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
import yaml
from balancer import GATE
from cluster import CHART, HOST, report, until
from evictions import drain, evict
from load import Client, Load
from support.paths import ROOT
from underload import release

LAG = 15
# A debug program is slower.
RATE, REQUESTS = (230 if os.environ.get("CI_FULL") else 120), 30_000
DRAIN = yaml.safe_load((CHART / "values/eks.yaml").read_text())["api"]["drain"]


class Balancer:
    def __init__(self, process):
        self.process = process
        self.address = f"127.0.0.1:{process.stdout.readline().strip()}"

    def state(self):
        """The names of the pods that it uses, and how many requests it has sent to pods that had begun to end."""
        assert self.process.poll() is None, "the load balancer has ended"
        return json.loads(Client(self.address, HOST).ask("GET", "/balancer")[1])

    def settled(self, namespace, part, count):
        """Waits until the pods that were to end have ended, and it uses those that remain."""
        def names():
            pods = namespace.get("pods", "--selector", f"app.kubernetes.io/component={part}")["items"]
            return sorted(pod["metadata"]["name"] for pod in pods)
        until(f"the load balancer uses the {count} pods of {part}", lambda: len(names()) == count and self.state()["names"] == names())


@contextlib.contextmanager
def balanced(namespace, part):
    command = [sys.executable, ROOT / "tests/cluster/balancer.py", namespace.name, part, str(LAG)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Balancer(process)
        finally:
            process.terminate()


def gate(namespace, part):
    """As the controller's webhook in a namespace with the label `elbv2.k8s.aws/pod-readiness-gate-inject`."""
    gated = {"spec": {"template": {"spec": {"readinessGates": [{"conditionType": GATE}]}}}}
    namespace.kubectl("patch", "deployment", f"roster-{part}", "--patch", json.dumps(gated))


@pytest.mark.long
def test_nothing_fails_behind_a_load_balancer_that_lags():
    with release("e2e-lagging", replicas=3) as roster, balanced(roster.namespace, "api") as balancer:
        namespace = roster.namespace
        balancer.settled(namespace, "api", 3)
        too_short(roster, balancer)

        roster.values["api"]["drain"] = DRAIN
        gate(namespace, "api")
        roster.upgrade()
        gates = [pod["spec"].get("readinessGates") for pod in namespace.pods()]
        assert gates == 3 * [[{"conditionType": GATE}]], f"pods have the readiness gates {gates}"
        balancer.settled(namespace, "api", 3)

        load, late = Load([balancer.address], HOST, connections=24, rate=RATE, upload_every=10), balancer.state()["late"]
        until("1000 requests", lambda: load.requests() >= 1000)
        roster.values["image"]["tag"] = "next"
        roster.upgrade()
        report(f"a new image, after {load.requests()} requests: {len(load.failures)} failed")
        drain(namespace)
        report(f"every pod evicted, after {load.requests()} requests: {len(load.failures)} failed")
        balancer.settled(namespace, "api", 3)
        until(f"{REQUESTS} requests", lambda: load.requests() >= REQUESTS, 300)
        said, late = load.stop(), balancer.state()["late"] - late
        assert not load.failures, f"{said}; the first failures: {load.failures[:5]}"
        # Six pods ended, each of which got a third of the requests for 15 s.
        assert late > LAG * RATE / 3, f"only {late} requests were sent to pods that had begun to end"
        report(f"drain {DRAIN}: {said}, {late} of them sent to pods that had begun to end")
        roster.loses_nothing(load)


def too_short(roster, balancer):
    """With the chart's own drain requests fail, so this load balancer does lag."""
    load = Load([balancer.address], HOST, connections=8, rate=40, upload_every=10)
    evict(roster.namespace, roster.namespace.pods()[0])
    until("a request fails", lambda: load.failures, 60)
    roster.namespace.ready("api", 3)
    balancer.settled(roster.namespace, "api", 3)
    said = load.stop()
    report(f"drain 5s: {said}")


@pytest.mark.long
def test_a_cache_is_replaced_without_a_failed_request_behind_a_load_balancer_that_lags():
    with release("e2e-lagging-cache", 2, cache={"enabled": True}) as roster, balanced(roster.namespace, "cache") as balancer:
        namespace = roster.namespace
        roster.values["api"]["drain"] = DRAIN
        gate(namespace, "cache")
        roster.upgrade()
        balancer.settled(namespace, "cache", 1)
        load = Load([balancer.address], HOST, connections=24, rate=100, upload_every=20)
        until("500 requests", lambda: load.requests() >= 500)
        roster.values["cache"]["podAnnotations"] = {"example.org/roll": "out"}
        roster.upgrade()
        balancer.settled(namespace, "cache", 1)
        said = load.stop()
        assert not load.failures, f"{said}; the first failures: {load.failures[:5]}"
        report(f"the one pod of the cache replaced: {said}")
        roster.loses_nothing(load)
