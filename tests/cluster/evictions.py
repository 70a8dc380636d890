"""Evictions as in a node's drain."""

import json

from cluster import run, until


def evict(namespace, pod):
    """Evicts like `kubectl drain`; returns whether the disruption budget allows it. A pod that has ended since it was listed counts."""
    name = pod["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace.name}}
    target = f"/api/v1/namespaces/{namespace.name}/pods/{name}/eviction"
    done = run("kubectl", "create", "--raw", target, "--filename", "-", input=json.dumps(eviction), check=False)
    if "(NotFound)" in done.stderr:
        return True
    assert done.returncode == 0 or "disruption budget" in done.stderr, f"an eviction is refused: {done.stderr}"
    return done.returncode == 0


def drain(namespace):
    """Evicts each of three pods of the API, of which two must remain."""
    refused = 0
    for pod in namespace.pods():
        until("the budget allows an eviction", lambda: evict(namespace, pod))
        refused += sum(not evict(namespace, other) for other in namespace.pods())
        namespace.ready("api", 3)
    assert refused, "the disruption budget refused nothing"
