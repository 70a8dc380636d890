"""Pods of the tests' own, and a Prometheus in one."""

import json
import urllib.parse

from cluster import kubectl

HARDENED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
POD = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


def pod(name, image, labels=None, **container):
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name, **(labels or {})}},
        "spec": {
            "securityContext": POD, "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, **container.pop("spec", {}),
            "containers": [{"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "securityContext": HARDENED, **container}],
        },
    }


class Prometheus:
    """Scrapes each pod of a headless Service, `NAME.NAMESPACE`, every second."""

    def __init__(self, namespace, service, port):
        self.namespace = namespace
        config = f"""
global: {{ scrape_interval: 1s }}
scrape_configs:
  - job_name: roster
    dns_sd_configs: [{{ names: [{service}.svc.cluster.local], type: A, port: {port}, refresh_interval: 2s }}]
"""
        scraper = pod(
            "prometheus", "e2e-prometheus:local", args=["--config.file=/etc/e2e/prometheus.yml", "--storage.tsdb.path=/data"],
            ports=[{"name": "http", "containerPort": 9090}],
            volumeMounts=[{"name": "config", "mountPath": "/etc/e2e"}, {"name": "data", "mountPath": "/data"}],
            spec={"volumes": [{"name": "config", "configMap": {"name": "prometheus"}}, {"name": "data", "emptyDir": {}}]},
        )
        namespace.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prometheus"}, "data": {"prometheus.yml": config}}, scraper)
        namespace.kubectl("wait", "pod/prometheus", "--for=condition=Ready", "--timeout=60s")

    def query(self, expression):
        """The series of the result; none while it does not answer."""
        words = urllib.parse.urlencode({"query": expression})
        answer = kubectl("get", "--raw", f"/api/v1/namespaces/{self.namespace.name}/pods/prometheus:9090/proxy/api/v1/query?{words}", check=False)
        return json.loads(answer)["data"]["result"] if answer.startswith("{") else []
