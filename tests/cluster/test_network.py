"""Network policies: a foreign pod reaches neither API nor metrics, the ingress and Prometheus do, and no pod reaches what it must not."""

import re

from cluster import CHART, HOST, Namespace, ingress, ingress_peer, namespace_peer, report, until
from load import Client
from prometheus import Prometheus, pod

CURL = re.search(r"^  image: (curlimages/.*)$", (CHART / "roster/values.yaml").read_text(), re.MULTILINE)[1]


def test_only_the_ingress_and_prometheus_reach_the_pods():
    namespace, foreign, monitoring = (Namespace(name) for name in ("e2e-network", "e2e-foreign", "e2e-monitoring"))
    values = {
        "publicUrl": f"http://{HOST}", "tls": {"enabled": False}, "auth": {"offIsPublic": True},
        "ingress": {"enabled": True, "flavour": "none", "host": HOST},
        # Without a port, so 80: also the port of metadata services.
        "settings": {"otlpEndpoint": f"http://collector.{monitoring.name}"},
        "networkPolicy": {"clients": [ingress_peer()], "prometheus": [namespace_peer(monitoring.name)]},
    }
    namespace.upgrade("minikube.yaml", values=values)
    asker = pod("asker", CURL, command=["sleep", "infinity"])
    for other in (namespace, foreign, monitoring):
        other.apply(asker)
    # A pod with the labels of Roster's pods is subject to their policies.
    labels = {"app.kubernetes.io/name": "roster", "app.kubernetes.io/instance": "roster"}
    namespace.apply(pod("inside", CURL, labels=labels, command=["sleep", "infinity"]))
    for other in (namespace, foreign, monitoring):
        other.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s")

    address = namespace.pods()[0]["status"]["podIP"]
    api, metrics = f"http://{address}:8080/users", f"http://{address}:8081/metrics"

    def reaches(asking, url, name="asker"):
        return asking.kubectl("exec", name, "--", "curl", "-s", "-o", "/dev/null", "-m", "3", "-w", "%{http_code}", url, check=False) == "200"

    until("the namespace of Prometheus reaches the metrics", lambda: reaches(monitoring, metrics), 30)
    for asking in (foreign, namespace):
        for url in (api, metrics):
            assert not reaches(asking, url), f"a pod in {asking.name} reaches {url}"
    assert not reaches(monitoring, api), "the namespace of Prometheus reaches the API"
    client = Client(ingress(), HOST)
    until("the ingress reaches the API", lambda: client.ask("GET", "/users")[0] == 200, 30)
    report("a foreign pod, and one in the same namespace, reach neither API nor metrics; the ingress reaches the API")

    def ends(name, url):
        """The exit code of curl in a pod: 7 if the connection is refused, 28 on a timeout."""
        return namespace.kubectl("exec", name, "--", "sh", "-c", f"curl -s -o /dev/null -m 3 {url}; echo $?", check=False)

    def closed(url, what):
        assert ends("inside", url) == "28", f"a pod with Roster's labels reaches {what}: {url}"

    beyond, collector = (each.get("pod", "asker")["status"]["podIP"] for each in (foreign, monitoring))
    for port in (80, 8080):
        assert ends("asker", f"http://{beyond}:{port}") == "7", "a pod without a policy is not refused by a pod that listens to nothing"
        closed(f"http://{beyond}:{port}", "a foreign namespace")
    closed("http://kubernetes.default.svc:443", "the API server")
    report("a pod of Roster resolves names, and reaches neither other pods nor the API server")
    assert ends("inside", f"http://{collector}") == "7", "a pod with Roster's labels does not reach the namespace of settings.otlpEndpoint"
    closed(f"http://{collector}:8080", "another port in the namespace of settings.otlpEndpoint")
    closed("http://169.254.169.254", "the metadata service")
    answers = ends("asker", "http://169.254.169.254") != "28"
    report("the port of settings.otlpEndpoint is open only in its namespace, and not for metadata services" + ("" if answers else " (none responds here)"))

    prometheus = Prometheus(monitoring, "roster-metrics.e2e-network", 8081)
    version = until("Prometheus has metrics of the pod", lambda: prometheus.query("roster_build_info"), 60)[0]["metric"]["version"]
    report(f"Prometheus scrapes the pod, which is Roster {version}")
    for each in (namespace, foreign, monitoring):
        each.remove()
