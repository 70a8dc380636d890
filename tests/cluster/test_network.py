"""Network policies: a foreign pod reaches neither API nor metrics, the ingress and Prometheus do, and no pod reaches what it must not."""

import json
import re

from cluster import CHART, HOST, Namespace, ingress, ingress_peer, kubectl, report, until
from load import Client

CURL = re.search(r"^  image: (curlimages/.*)$", (CHART / "roster/values.yaml").read_text(), re.MULTILINE)[1]
HARDENED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
POD = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
PROMETHEUS = """
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: roster
    dns_sd_configs: [{ names: [roster-metrics.e2e-network.svc.cluster.local], type: A, port: 8081, refresh_interval: 2s }]
"""


def pod(name, image, labels=None, **container):
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name, **(labels or {})}},
        "spec": {
            "securityContext": POD, "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, **container.pop("spec", {}),
            "containers": [{"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "securityContext": HARDENED, **container}],
        },
    }


def test_only_the_ingress_and_prometheus_reach_the_pods():
    namespace, foreign, monitoring = (Namespace(name) for name in ("e2e-network", "e2e-foreign", "e2e-monitoring"))
    prometheus = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": monitoring.name}}}
    values = {
        "publicUrl": f"http://{HOST}", "tls": {"enabled": False}, "auth": {"offIsPublic": True},
        "ingress": {"enabled": True, "flavour": "none", "host": HOST},
        # Without a port, so 80: also the port of metadata services.
        "settings": {"otlpEndpoint": f"http://collector.{monitoring.name}"},
        "networkPolicy": {"clients": [ingress_peer()], "prometheus": [prometheus]},
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

    scraped(monitoring)
    for each in (namespace, foreign, monitoring):
        each.remove()


def scraped(monitoring):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prometheus"}, "data": {"prometheus.yml": PROMETHEUS}}
    scraper = pod(
        "prometheus", "e2e-prometheus:local", args=["--config.file=/etc/e2e/prometheus.yml", "--storage.tsdb.path=/data"],
        ports=[{"name": "http", "containerPort": 9090}],
        volumeMounts=[{"name": "config", "mountPath": "/etc/e2e"}, {"name": "data", "mountPath": "/data"}],
        spec={"volumes": [{"name": "config", "configMap": {"name": "prometheus"}}, {"name": "data", "emptyDir": {}}]},
    )
    monitoring.apply(config, scraper)
    monitoring.kubectl("wait", "pod/prometheus", "--for=condition=Ready", "--timeout=60s")

    def up():
        target = f"/api/v1/namespaces/{monitoring.name}/pods/prometheus:9090/proxy/api/v1/query?query=roster_build_info"
        answer = kubectl("get", "--raw", target, check=False)
        return json.loads(answer)["data"]["result"] if answer.startswith("{") else None

    version = until("Prometheus has metrics of the pod", up, 60)[0]["metric"]["version"]
    report(f"Prometheus scrapes the pod, which is Roster {version}")
