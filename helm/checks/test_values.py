"""Values of each part reach the objects of that part."""

import json
import pathlib
import subprocess

import pytest
import yaml

HELM = pathlib.Path(__file__).resolve().parents[1]
# The parts as values name them, and the objects of each.
OBJECTS = {
    "api": ["Deployment/roster-api"],
    "cache": ["Deployment/roster-cache"],
    "worker": ["Deployment/roster-worker"],
    "sweep": ["CronJob/roster-sweep"],
    "postgres.bundled": ["StatefulSet/roster-postgres", "CronJob/roster-postgres-backup", "CronJob/roster-postgres-restore"],
}
DEPLOYMENTS = ["api", "cache", "worker"]
SCHEDULING = ["priorityClassName", "nodeSelector", "tolerations", "affinity"]


def rendered(values):
    """Objects of a release with every part, by kind and name."""
    files = [f"--values={HELM / file}" for file in ("values/minikube.yaml", "values/postgres.yaml", "checks/values/everything.yaml")]
    command = ["helm", "template", "roster", str(HELM / "roster"), "--namespace", "roster", *files, "--values", "-"]
    done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in yaml.safe_load_all(done.stdout) if item}


def template(manifest):
    spec = manifest["spec"]
    return spec.get("jobTemplate", {}).get("spec", spec)["template"]


def common(part):
    """Values that every part has."""
    return {
        "labels": {"label": part}, "annotations": {"annotation": part}, "podLabels": {"pod-label": part}, "podAnnotations": {"pod-annotation": part},
        "priorityClassName": part, "nodeSelector": {"node": part}, "tolerations": [{"key": part, "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "preference": {"matchExpressions": [{"key": "part", "operator": "In", "values": [part]}]}},
        ]}},
    }


def test_each_part_has_its_own_labels_annotations_and_scheduling():
    objects = rendered({**{part: common(part) for part in ("api", "cache", "worker", "sweep")}, "postgres": {"bundled": common("postgres.bundled")}})
    for part, names in OBJECTS.items():
        expected = common(part)
        for name in names:
            metadata, pod = objects[name]["metadata"], template(objects[name])
            assert metadata["labels"]["label"] == metadata["annotations"]["annotation"] == part, name
            assert pod["metadata"]["labels"]["pod-label"] == pod["metadata"]["annotations"]["pod-annotation"] == part, name
            assert [pod["spec"].get(field) for field in SCHEDULING] == [expected[field] for field in SCHEDULING], name


def test_each_deployment_has_its_own_probes_grace_spread_and_budget():
    probes = {
        "startup": {"failureThreshold": 301}, "liveness": {"periodSeconds": 21, "timeoutSeconds": 11},
        "readiness": {"initialDelaySeconds": 2, "periodSeconds": 5, "successThreshold": 2},
    }
    values = {"probes": probes, "terminationGracePeriodSeconds": 99, "spread": {"zones": "DoNotSchedule"}, "maxUnavailable": "25%"}
    objects = rendered({part: values for part in DEPLOYMENTS})
    for part in DEPLOYMENTS:
        spec = template(objects[f"Deployment/roster-{part}"])["spec"]
        for name, fields in probes.items():
            probe = spec["containers"][0][f"{name}Probe"]
            assert fields.items() <= probe.items() and "httpGet" in probe, f"{part}: {probe}"
        assert spec["terminationGracePeriodSeconds"] == 99, part
        assert [spread["whenUnsatisfiable"] for spread in spec["topologySpreadConstraints"]] == ["ScheduleAnyway", "DoNotSchedule"], part
        assert objects[f"PodDisruptionBudget/roster-{part}"]["spec"]["maxUnavailable"] == "25%", part


@pytest.mark.parametrize("budget, expected", [
    ({}, {"maxUnavailable": 1}),
    ({"maxUnavailable": 2}, {"maxUnavailable": 2}),
    ({"maxUnavailable": "", "minAvailable": "50%"}, {"minAvailable": "50%"}),
    ({"maxUnavailable": ""}, None),
    ({"replicas": 1}, None),
])
def test_the_cache_has_the_budget_of_its_values(budget, expected):
    found = rendered({"cache": budget}).get("PodDisruptionBudget/roster-cache")
    assert (found and {field: value for field, value in found["spec"].items() if field in ("minAvailable", "maxUnavailable")}) == expected


@pytest.mark.parametrize("part, account", [("api", "api"), ("cache", "cache"), ("worker", "worker"), ("sweep", "operator")])
def test_a_part_uses_an_account_of_its_own_or_one_that_exists(part, account):
    def used(objects):
        return template(objects[OBJECTS[part][0]])["spec"]["serviceAccountName"]

    own = rendered({part: {"serviceAccountAnnotations": {"note": "kept"}}})
    assert used(own) == f"roster-{account}"
    assert own[f"ServiceAccount/roster-{account}"]["metadata"]["annotations"] == {"note": "kept"}
    named = rendered({part: {"serviceAccount": {"name": "people"}}})
    assert used(named) == "people" and "ServiceAccount/people" in named
    existing = rendered({part: {"serviceAccount": {"create": False, "name": "people"}}})
    assert used(existing) == "people" and "ServiceAccount/people" not in existing and f"ServiceAccount/roster-{account}" not in existing


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_a_service_has_the_node_port_that_is_set(kind):
    service = {"type": kind, "nodePort": 31080}
    objects = rendered({"service": service, "auth": {"offIsPublic": True}, "allowList": ["203.0.113.0/24"]})
    [port] = objects["Service/roster"]["spec"]["ports"]
    assert port["nodePort"] == 31080 and port["targetPort"] == "http"
