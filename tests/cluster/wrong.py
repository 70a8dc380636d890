"""A roll-out with a wrong value: what its pod logs and does, that the previous revision keeps serving, and that a roll-back fixes it."""

import json

from cluster import HOST, report, until
from load import Client


def tried(namespace, values, address, what, word, waits=True, code=78):
    """The new pod logs `word` in a line that is not a request; it waits, or exits with `code`. `address` is that of the API."""
    before = {pod["metadata"]["name"] for pod in namespace.pods()}
    namespace.upgrade(values=values, wait=False)
    new = until("a new pod", lambda: [pod["metadata"]["name"] for pod in namespace.pods() if pod["metadata"]["name"] not in before])[0]

    def status():
        return namespace.get("pod", new)["status"].get("containerStatuses", [{}])[0]

    def lines():
        said = namespace.kubectl("logs", new, check=False).splitlines()
        return [line for line in said if word in line and '"INFO"' not in line]

    line = until(f"{what}: a line that says so", lines, 90)[0]
    if waits:
        until(f"{what}: it runs and is not ready", lambda: "running" in status().get("state", {}))
        assert status()["restartCount"] == 0 and not status()["ready"], f"{what}: {status()}"
    else:
        ended = until(f"{what}: it exits", lambda: status().get("lastState", {}).get("terminated") or status()["state"].get("terminated"))
        assert ended["exitCode"] == code, f"{what}: {ended}"
    assert Client(address, HOST).ask("GET", "/users")[0] == 200, f"{what}: the pods of the previous revision do not serve"
    namespace.helm("rollback", "roster", "--wait", "--timeout=180s")
    report(f"{what}: {'it waits' if waits else f'exit {code}'}: {words(line)[:240]}")


def words(line):
    if not line.startswith("{"):
        return line
    event = json.loads(line)
    return f"{event['message']}: {event.get('error')}"
