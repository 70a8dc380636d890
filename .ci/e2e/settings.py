"""Wrong settings: each pod says in one line what is wrong; it waits where that may pass, and ends where it cannot."""

import json

from cluster import HOST, expect, say, until
from load import Client
from underload import release


def main():
    with release("e2e-settings", replicas=1) as roster:
        aws = roster.values["aws"]
        wrong = [
            ("a missing table", {"aws": {**aws, "usersTable": "nobody"}}, True, "does not exist"),
            ("another environment's ConfigMap", {"settings": {"environment": "stage"}}, False, "written for `stage`"),
            ("an unreachable endpoint", {"extraEnv": [{"name": "AWS_ENDPOINT_URL_DYNAMODB", "value": "http://dynamodb.example.invalid"}]}, True, "cannot be reached"),
        ]
        for what, change, waits, word in wrong:
            tried(roster, what, change, waits, word)


def words(line):
    if not line.startswith("{"):
        return line
    event = json.loads(line)
    return f"{event['message']}: {event.get('error')}"


def tried(roster, what, change, waits, word):
    namespace = roster.namespace
    before = {pod["metadata"]["name"] for pod in namespace.pods()}
    namespace.upgrade(values={**roster.values, **change}, wait=False)
    new = until("a new pod", lambda: [pod["metadata"]["name"] for pod in namespace.pods() if pod["metadata"]["name"] not in before])[0]

    def status():
        return namespace.get("pod", new)["status"].get("containerStatuses", [{}])[0]

    def lines():
        said = namespace.kubectl("logs", new, check=False).splitlines()
        return [line for line in said if word in line and '"INFO"' not in line]

    line = until(f"{what}: a line that says so", lines, 90)[0]
    if waits:
        until(f"{what}: it runs and is not ready", lambda: "running" in status().get("state", {}))
        expect(status()["restartCount"] == 0 and not status()["ready"], f"{what}: {status()}")
    else:
        ended = until(f"{what}: it ends", lambda: status().get("lastState", {}).get("terminated") or status()["state"].get("terminated"))
        expect(ended["exitCode"] == 78, f"{what}: {ended}")
    expect(Client(roster.port, HOST).ask("GET", "/users")[0] == 200, f"{what}: the pods of the revision before do not serve")
    say(f"{what}: {'it waits' if waits else 'exit 78'}: {words(line)[:240]}")
    namespace.helm("rollback", "roster", "--wait", "--timeout=180s")
