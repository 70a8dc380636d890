"""Every values file and switch, validated by the API server (server-side dry run), with the CRDs of other projects if installed."""

import collections

import yaml
from cluster import CHART, Namespace, as_list, get, kubectl, report, run
from support.paths import ROOT

# Kinds of other projects, with their names in `kubectl api-resources`.
FOREIGN = {"Certificate": "certificates.cert-manager.io", "Gateway": "gateways.gateway.networking.k8s.io", "HTTPRoute": "httproutes.gateway.networking.k8s.io",
           "ServiceMonitor": "servicemonitors.monitoring.coreos.com", "PrometheusRule": "prometheusrules.monitoring.coreos.com",
           "ExternalSecret": "externalsecrets.external-secrets.io", "SecurityPolicy": "securitypolicies.gateway.envoyproxy.io",
           "Cluster": "clusters.postgresql.cnpg.io", "ScheduledBackup": "scheduledbackups.postgresql.cnpg.io",
           "HealthCheckPolicy": "healthcheckpolicies.networking.gke.io", "GCPBackendPolicy": "gcpbackendpolicies.networking.gke.io"}


def releases():
    """Arguments of `helm template` for each."""
    for line in (ROOT / "helm/checks/matrix").read_text().splitlines():
        if not line.startswith("#"):
            files, *switches = line.split()
            yield [f"--values={CHART / 'values' / file}" for file in files.split(",")] + [f"--set={switch}" for switch in switches]


def test_the_api_server_accepts_every_release():
    known = set(kubectl("api-resources", "--output", "name").split())
    absent = {kind for kind, name in FOREIGN.items() if name not in known}
    namespace = Namespace("e2e-objects")
    counts = collections.Counter()
    runtimes = set()
    families = set(get("service", "kubernetes", "--namespace", "default")["spec"]["ipFamilies"])
    for arguments in releases():
        rendered = run("helm", "template", "roster", str(CHART / "roster"), "--namespace", namespace.name, *arguments).stdout
        objects = [item for item in yaml.safe_load_all(rendered) if item and item["kind"] not in absent]
        # The API server refuses a Service of an address family that the cluster does not have.
        objects = [item for item in objects if item["kind"] != "Service" or set(item["spec"].get("ipFamilies", [])) <= families]
        # The API server looks up the runtime class of a pod, which operators of a cluster create.
        for name in {item["spec"].get("runtimeClassName") for item in objects if item["kind"] == "Pod"} - {None} - runtimes:
            kind = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": "runc"}
            run("kubectl", "apply", "--server-side", "--filename", "-", input=yaml.safe_dump(kind))
            runtimes.add(name)
        done = run("kubectl", "--namespace", namespace.name, "apply", "--server-side", "--dry-run=server", "--filename", "-", input=as_list(objects))
        # The namespace enforces restricted pods; for templates it only warns.
        assert "Warning" not in done.stderr, f"{arguments}: {done.stderr}"
        counts.update(item["kind"] for item in objects)
    for kind in set(FOREIGN) - absent:
        assert counts[kind], f"no release has a {kind}"
    report(f"{counts.total()} objects of {len(counts)} kinds accepted by the API server" + (f"; unknown to it: {', '.join(sorted(absent))}" if absent else ""))
    for name in runtimes:
        kubectl("delete", "runtimeclass", name)
    namespace.remove()
