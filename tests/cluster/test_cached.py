"""Five pods of the API behind one cache: what is kept, how fast each pod's writes are shown, the API away, and the end of the cache's pod."""

import json
import os
import re
import time

import pytest
from cluster import HOST, Namespace, ready, report, until
from load import Client, Load, path_of
from prometheus import Prometheus
from support.paths import ROOT
from underload import release

LIST = "/users?limit=100"
# A debug program may run beside builds. What is kept of a list is renewed after 5 s by itself.
SHOWN_SECONDS = 1 if os.environ.get("CI_FULL") else 3
EXPORTER = {"enabled": True, "image": {"repository": "roster-cache-exporter"}}


def cached(name):
    return release(name, 5, "cached.yaml", cache={"exporter": EXPORTER})


def asked(client, target, **headers):
    """Whether it is a hit, and the body."""
    status, body = client.ask("GET", target, headers=headers)
    assert status == 200, f"{target} returns {status}: {body[:300]!r}"
    return client.headers["X-Cache"] == "hit", body


def kept(client, *targets):
    """Waits until each is a hit the second time: half a second after a write the cache forgets once more."""
    for target in targets:
        until(f"a second request of {target} is a hit", lambda target=target: [asked(client, target)[0] for _ in range(2)][1], pause=0.1)


def test_what_is_kept_is_shown_until_a_write_through_any_pod():
    with cached("e2e-cached") as roster:
        namespace, cache = roster.namespace, Client(roster.port, HOST)
        namespace.test()
        status, body = cache.upload("ada@example.org")
        assert status == 201, f"an upload through the cache returns {status}: {body!r}"
        ada = json.loads(body)
        targets = [LIST, f"/users/{ada['id']}", f"/avatar/{ada['id']}?s=64", path_of(ada)]
        kept(cache, *targets)
        report("the second request of a list, a user and its pictures is a hit")
        took = [seconds for number, pod in enumerate(namespace.pods()) for seconds in written(namespace, pod["metadata"]["name"], number, cache)]
        assert len(took) == 10, f"{len(took)} writes"
        report(f"a new user and a new name through each of 5 pods are shown by the cache within {max(took) * 1000:.0f} ms")
        authorized(cache)
        monitored(namespace, cache)
        away(namespace, cache, targets)


def written(namespace, pod, number, cache):
    """How long after each of two writes through this pod the cache shows it."""
    with namespace.forwarded(pod, 8080) as address:
        api, email = Client(address, HOST), f"pod-{number}@example.org"
        kept(cache, LIST)
        status, body = api.upload(email)
        assert status == 201, f"an upload through {pod} returns {status}: {body!r}"
        yield shown(f"the user made by {pod}", lambda: email.encode() in asked(cache, LIST)[1])
        user = f"/users/{json.loads(body)['id']}"
        kept(cache, user)
        status, body = api.ask("PATCH", user, b'{"name": "Renamed"}', {"Content-Type": "application/merge-patch+json"})
        assert status == 200, f"a PATCH through {pod} returns {status}: {body!r}"
        yield shown(f"the name given by {pod}", lambda: b"Renamed" in asked(cache, user)[1])


def shown(what, holds):
    start = time.monotonic()
    until(what, holds, SHOWN_SECONDS, pause=0.02)
    return time.monotonic() - start


def authorized(cache):
    token = {"Authorization": "Bearer token"}
    kept(cache, LIST)
    hits = [asked(cache, target, **token)[0] for target in (LIST, "/users?limit=37", "/users?limit=37")]
    assert not any(hits), f"responses to a token are hits: {hits}"
    assert [asked(cache, "/users?limit=37")[0] for _ in range(2)] == [False, True], "a response to a token was kept"
    report("responses to a token are neither kept nor answered from what is kept")


def monitored(namespace, cache):
    """The hit ratio, by the expression of docs/cache.md."""
    expression = re.search(r"```promql\n(.*?)```", (ROOT / "docs/cache.md").read_text(), re.DOTALL)[1]
    monitoring = Namespace(f"{namespace.name}-monitoring")
    prometheus = Prometheus(monitoring, f"roster-cache-metrics.{namespace.name}", 9131)

    def ratio():
        for _ in range(20):
            asked(cache, LIST)
        return [float(series["value"][1]) for series in prometheus.query(expression) if float(series["value"][1]) > 0.5]

    [value] = until("Prometheus has a hit ratio", ratio, 60)
    assert value <= 1, f"the hit ratio is {value}"
    report(f"Prometheus has the hit ratio {value:.2f}")
    monitoring.remove()


def away(namespace, cache, targets):
    # Before the API is away, so that each is of the state after the last write.
    kept(cache, *targets)
    since, before = time.monotonic(), [asked(cache, target) for target in targets]
    namespace.kubectl("scale", "deployment", "roster-api", "--replicas=0")
    until("no pod of the API", lambda: not namespace.get("pods", "--selector", "app.kubernetes.io/component=api")["items"])
    assert time.monotonic() - since > 5, "the list's time in the cache has not ended"
    for target, (_, body) in zip(targets, before, strict=True):
        assert asked(cache, target) == (True, body), f"{target} is not answered from what is kept"
    status, body = cache.ask("GET", "/users?limit=7")
    assert (status, cache.headers["Content-Type"]) == (503, "application/problem+json"), f"what is not kept returns {status}: {body!r}"
    report("without the API what is kept is answered, and the rest is a 503")
    namespace.kubectl("scale", "deployment", "roster-api", "--replicas=5")
    namespace.ready("api", 5)
    until("an upload", lambda: cache.upload("again@example.org")[0] == 201)
    until("it is listed", lambda: b"again@example.org" in asked(cache, LIST)[1], SHOWN_SECONDS, pause=0.02)


# The first process of the container is Varnish's manager, and its child the one that answers.
KILL_CHILD = 'for status in /proc/[0-9]*/status; do if grep -qx "PPid:.1" "$status"; then kill -9 "$(basename "$(dirname "$status")")"; fi; done'


@pytest.mark.long
def test_the_cache_comes_back_when_its_pod_ends():
    with cached("e2e-cache-ends") as roster:
        def inside(command):
            return lambda name: roster.namespace.kubectl("exec", name, "--container=varnish", "--", "sh", "-c", command, check=False)

        def delete(*options):
            return lambda name: roster.namespace.kubectl("delete", "pod", name, "--wait=false", *options)

        ends(roster, "Varnish killed with -9, and started by its manager", inside(KILL_CHILD), lambda old, new: counted(roster, new, "mgt_child_died"))
        ends(roster, "the container ended", inside("kill 1"), lambda old, new: restarts_of(new) > restarts_of(old))
        other = lambda old, new: old["metadata"]["uid"] != new["metadata"]["uid"]
        ends(roster, "the pod deleted, as by a drain", delete(), other)
        ends(roster, "the pod deleted by force, as with a lost node", delete("--force", "--grace-period=0"), other)


def ends(roster, what, end, has_ended):
    """What clients see, by the ingress and over kept connections to the Service."""
    namespace = roster.namespace
    [old] = namespace.pods("cache")
    ways = {"ingress": roster.ingress, "Service": roster.port}
    loads = {way: Load([address], HOST, connections=8, rate=40, upload_every=40) for way, address in ways.items()}
    for load in loads.values():
        until("200 requests", lambda load=load: load.requests() >= 200)
    began = time.monotonic()
    end(old["metadata"]["name"])

    def back():
        pods = namespace.get("pods", "--selector", "app.kubernetes.io/component=cache")["items"]
        return len(pods) == 1 and ready(pods[0]) and has_ended(old, pods[0]) and pods[0]

    new = until(f"{what}: the cache is back", back)
    for load in loads.values():
        answered(load)
    requests, misses = (counted(roster, new, f"main_{side}_req") for side in ("client", "backend"))
    report(f"{what}: of {requests} requests since, {misses} went to the API")
    for way, load in loads.items():
        said, failures = load.stop(), load.failures
        assert {status for _, status, _ in failures} <= {0, 502, 503, 504}, f"{said}; the first failures: {failures[:5]}"
        at = [load.began + seconds - began for seconds, _, _ in failures]
        failed = f"; {at[0]:.1f} to {at[-1]:.1f} s after it {kinds(failures)}" if at else ""
        report(f"- {way}: {said}, the slowest {max(load.durations):.1f} s{failed}")
    roster.loses_nothing(*loads.values())


def counted(roster, pod, counter):
    """A counter of Varnish, or 0 while it has none."""
    with roster.namespace.forwarded(pod["metadata"]["name"], 9131) as address:
        metrics = Client(address, HOST).ask("GET", "/metrics")[1].decode()
    found = re.search(rf"^varnish_{counter} (\d+)$", metrics, re.MULTILINE)
    return int(found[1]) if found else 0


def restarts_of(pod):
    return sum(status["restartCount"] for status in pod["status"].get("containerStatuses", []) if status["name"] == "varnish")


def answered(load):
    """100 requests in a row without a failure."""
    def holds():
        before, failed = load.requests(), len(load.failures)
        until("100 requests", lambda: load.requests() >= before + 100)
        return len(load.failures) == failed
    until("100 requests without a failure", holds)


def kinds(failures):
    """How many of each, such as `12 x 502`."""
    words = [str(status) if status else body.decode().split("(")[0] for _, status, body in failures]
    return ", ".join(f"{words.count(word)} x {word}" for word in sorted(set(words)))
