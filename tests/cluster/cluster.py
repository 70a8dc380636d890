"""kubectl and helm, and waiting with a deadline."""

import contextlib
import functools
import json
import os
import re
import subprocess
import tempfile

from support import waiting
from support.paths import ROOT

CHART = ROOT / "helm"
HOST = "users.example.org"
# Each look is a run of kubectl.
until = functools.partial(waiting.until, pause=0.5)

# Values of every release on AWS: the image under test, reached by plain HTTP.
REACHED = {
    "image": {"repository": "roster", "tag": "dev"}, "publicUrl": f"http://{HOST}", "tls": {"enabled": False}, "auth": {"offIsPublic": True},
}


def run(*command, input=None, check=True, timeout=300):
    done = subprocess.run(command, input=input, capture_output=True, text=True, timeout=timeout)
    if check:
        assert done.returncode == 0, f"{' '.join(command)[:300]} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def kubectl(*arguments, **how):
    return run("kubectl", *arguments, **how).stdout.strip()


def get(*arguments):
    return json.loads(kubectl("get", *arguments, "--output", "json"))


def as_list(objects):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def report(text):
    print(f"       {text}", flush=True)


def node_address():
    """The address of a node, to reach its ports."""
    addresses = get("nodes")["items"][0]["status"]["addresses"]
    return next(address["address"] for address in addresses if address["type"] == "InternalIP")


def own_address():
    """The address of this machine, as pods reach it."""
    route = run("ip", "route", "get", node_address()).stdout
    return os.environ.get("E2E_ADDRESS") or re.search(r"src (\S+)", route)[1]


def ingress():
    """Host and port of the cluster's ingress."""
    return os.environ.get("E2E_INGRESS") or f"{node_address()}:30080"


def clients():
    """Peers that reach the API from outside, as in the chart: the ingress, and this machine by a node port."""
    return [ingress_peer(), {"ipBlock": {"cidr": f"{own_address()}/32"}}]


def ingress_peer():
    return namespace_peer(os.environ.get("E2E_INGRESS_NAMESPACE", "ingress"))


def namespace_peer(name):
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def remove_all():
    """All namespaces of these tests."""
    kubectl("delete", "namespace", "--selector", "e2e=roster", "--ignore-not-found", "--timeout=300s")


def ready(pod):
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in pod["status"].get("conditions", []))


class Namespace:
    """A new, empty namespace for restricted pods only, removed at the end."""

    def __init__(self, name):
        self.name = name
        kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=180s")
        labels = {"pod-security.kubernetes.io/enforce": "restricted", "e2e": "roster"}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def remove(self):
        """Starts the removal; `remove_all` waits for it. The Ingress, whose host others use too, is removed at once."""
        self.kubectl("delete", "ingress", "--all")
        kubectl("delete", "namespace", self.name, "--wait=false")

    def kubectl(self, *arguments, **how):
        return kubectl("--namespace", self.name, *arguments, **how)

    def apply(self, *objects):
        self.kubectl("apply", "--filename", "-", input=as_list(objects))

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "--output", "json"))

    def pods(self, part="api"):
        """The pods that are not terminating."""
        pods = self.get("pods", "--selector", f"app.kubernetes.io/component={part}")["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def node_port(self):
        """The node port of the Service: connections to it go directly to the pods."""
        return f"{node_address()}:{self.get('service', 'roster')['spec']['ports'][0]['nodePort']}"

    @contextlib.contextmanager
    def forwarded(self, pod, port):
        """An address of this machine that leads to a port of a pod, whatever its policies."""
        command = ["kubectl", "--namespace", self.name, "port-forward", f"pod/{pod}", f":{port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forward:
            try:
                address = re.search(r"127\.0\.0\.1:\d+", forward.stdout.readline())
                assert address, f"port {port} of {pod} cannot be forwarded"
                yield address[0]
            finally:
                forward.terminate()

    def settings(self):
        return {item["metadata"]["name"] for item in self.get("configmaps")["items"] if "-settings-" in item["metadata"]["name"]}

    def helm(self, *arguments, values=None, **how):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(values or {}, file)
            file.flush()
            further = ["--values", file.name] if values is not None else []
            return run("helm", "--namespace", self.name, *arguments, *further, **how)

    def upgrade(self, *files, values, wait=True, **how):
        """Installs or upgrades the release `roster`, values files first."""
        named = [word for file in files for word in ("--values", str(CHART / "values" / file))]
        waiting = ["--wait", "--timeout=180s"] if wait else []
        return self.helm("upgrade", "--install", "roster", str(CHART / "roster"), *named, *waiting, values=values, **how)

    def test(self):
        self.helm("test", "roster", "--timeout=120s")
        report("helm test passes")

    def used(self, part="api"):
        """CPU and memory of its pods, once the metrics server knows all of them."""
        def seen():
            lines = self.kubectl("top", "pods", "--no-headers", "--selector", f"app.kubernetes.io/component={part}", check=False).splitlines()
            return len(lines) == len(self.pods(part)) and [" ".join(line.split()[1:]) for line in lines]
        return ", ".join(until("the metrics server knows the pods", seen))

    def ready(self, part, count):
        def are():
            deployment = self.get("deployment", f"roster-{part}")["status"]
            return deployment.get("readyReplicas", 0) == count == deployment.get("replicas", 0)
        until(f"{count} pods of {part} ready", are)
