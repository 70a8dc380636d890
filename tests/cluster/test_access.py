"""The roles of developers and readers, by impersonation: the rights of each group, and that neither has access to a Secret or a service account."""

import json

from cluster import Namespace, run, report, until

DEVELOPERS, READERS = "roster:developers", "roster:readers"
# Verb, resource, and whether developers and readers are allowed.
RULES = [
    ("get pods", True, True),
    ("get pods/log", True, True),
    ("list deployments.apps", True, True),
    ("list statefulsets.apps", True, True),
    ("list configmaps", True, True),
    ("watch events", True, True),
    ("get horizontalpodautoscalers.autoscaling", True, True),
    ("list networkpolicies.networking.k8s.io", True, True),
    ("list httproutes.gateway.networking.k8s.io", True, True),
    ("delete pods", True, False),
    ("create pods/eviction", True, False),
    ("create pods/portforward", True, False),
    ("get pods/portforward", True, False),
    ("patch deployments.apps", False, False),
    ("patch cronjobs.batch", False, False),
    ("create ingresses.networking.k8s.io", False, False),
    ("create servicemonitors.monitoring.coreos.com", False, False),
    ("update configmaps", False, False),
    ("delete persistentvolumeclaims", False, False),
    ("patch serviceaccounts", False, False),
    ("get secrets", False, False),
    ("list secrets", False, False),
    ("create secrets", False, False),
    ("get pods/exec", False, False),
    ("create pods/exec", False, False),
    ("create pods/attach", False, False),
    ("get pods/proxy", False, False),
    ("create roles.rbac.authorization.k8s.io", False, False),
    ("create rolebindings.rbac.authorization.k8s.io", False, False),
    ("create serviceaccounts/token", False, False),
    ("impersonate serviceaccounts", False, False),
]
HARDENED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"}}
# A pod that prints a Secret, as the API's service account.
THIEF = {
    "serviceAccountName": "roster-api", "restartPolicy": "Never",
    "containers": [{
        "name": "thief", "image": "roster:dev", "command": ["cat", "/secret/key"], "envFrom": [{"secretRef": {"name": "keys"}}],
        "volumeMounts": [{"name": "secret", "mountPath": "/secret"}], "securityContext": HARDENED,
    }],
    "volumes": [{"name": "secret", "secret": {"secretName": "keys"}}],
}


def thieves():
    """The pod, and every kind that creates one from a template."""
    def template(policy):
        return {"metadata": {"labels": {"app": "thief"}}, "spec": {**THIEF, "restartPolicy": policy}}

    selected = {"selector": {"matchLabels": {"app": "thief"}}, "template": template("Always")}
    job = {"template": template("Never")}
    kinds = {
        "v1/Pod": THIEF, "v1/ReplicationController": {"selector": {"app": "thief"}, "template": template("Always")},
        "apps/v1/Deployment": selected, "apps/v1/ReplicaSet": selected, "apps/v1/DaemonSet": selected,
        "apps/v1/StatefulSet": {**selected, "serviceName": "thief"}, "batch/v1/Job": job,
        "batch/v1/CronJob": {"schedule": "* * * * *", "jobTemplate": {"spec": job}},
    }
    for kind, spec in kinds.items():
        version, _, kind = kind.rpartition("/")
        yield {"apiVersion": version, "kind": kind, "metadata": {"name": "thief"}, "spec": spec}


def detours(settings):
    """Objects that make an existing pod, or its infrastructure, expose its Secrets."""
    elsewhere = {"containers": [{"name": "api", "image": "example.org/thief"}]}
    yield "patch", "deployment/roster-api", {"spec": {"template": {"spec": elsewhere}}}
    yield "patch", "serviceaccount/roster-api", {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/other"}}}
    yield "patch", "service/roster", {"spec": {"selector": {"app": "thief"}}}
    yield "patch", "networkpolicy/roster-egress", {"spec": {"egress": [{}]}}
    yield "patch", f"configmap/{settings}", {"metadata": {"labels": {"a": "b"}}}


def test_developers_and_readers_reach_no_secret_and_no_service_account():
    namespace = Namespace("e2e-access")
    namespace.upgrade("minikube.yaml", values={"access": {"enabled": True}})
    namespace.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "secret"}})
    pod = namespace.pods()[0]["metadata"]["name"]

    def may(group, verb, resource, where=namespace.name, name=""):
        kind, _, subresource = resource.partition("/")
        answer = run(
            "kubectl", "auth", "can-i", verb, f"{kind}/{name}" if name else kind, f"--subresource={subresource}", "--namespace", where,
            "--as", "somebody", "--as-group", group, "--as-group", "system:authenticated", check=False,
        ).stdout.strip()
        assert answer in ("yes", "no"), f"can-i says {answer!r}"
        return answer == "yes"

    def asked(group, *arguments, input=None):
        who = ["--as", "ada", "--as-group", group, "--as-group", "system:authenticated"] if group else []
        # Before the arguments, since the last may be those of a program in the pod.
        return run("kubectl", *who, "--namespace", namespace.name, *arguments, input=input, check=False)

    def forbidden(group, *arguments, input=None):
        done = asked(group, *arguments, input=input)
        assert done.returncode != 0 and 'User "ada" cannot' in done.stderr, f"{group}: {' '.join(arguments)} ends with {done.stdout}{done.stderr}"

    for rule, developer, reader in RULES:
        verb, resource = rule.split()
        for group, expected in ((DEVELOPERS, developer), (READERS, reader), ("others", False)):
            assert may(group, verb, resource) == expected, f"{group}: {rule} is not {'allowed' if expected else 'refused'}"
        assert not may(DEVELOPERS, verb, resource, "default"), f"developers may {rule} in another namespace"
    for name in ("roster-api", "other"):
        for resource in ("deployments.apps/scale", "horizontalpodautoscalers.autoscaling"):
            assert may(DEVELOPERS, "patch", resource, name=name) == (name == "roster-api"), f"developers and {resource} of {name}"
    report(f"{len(RULES)} rules for developers, readers and others, none in another namespace")

    # An administrator may do each of these, so it is the role that denies them.
    attempts = [(["create", "--dry-run=server", "--filename", "-"], json.dumps(it)) for it in thieves()]
    attempts += [([verb, name, "--dry-run=server", "--patch", json.dumps(patch)], None) for verb, name, patch in detours(namespace.settings().pop())]
    attempts.append((["patch", "pod", pod, "--dry-run=server", "--patch", '{"spec": {"containers": [{"name": "api", "image": "example.org/thief"}]}}'], None))
    attempts.append((["create", "token", "roster-api"], None))
    attempts.append((["get", "secret", "keys"], None))
    for arguments, input in attempts:
        done = asked(None, *arguments, input=input)
        assert done.returncode == 0, f"an administrator: {' '.join(arguments)} {input} ends with {done.stderr}"
        for group in (DEVELOPERS, READERS):
            forbidden(group, *arguments, input=input)
    # The image has no shell and no `cat`: it is `roster` that would run, with the pod's role.
    for group in (DEVELOPERS, READERS):
        forbidden(group, "exec", pod, "--", "/roster", "--version")
        forbidden(group, "debug", pod, "--image=roster:dev", "--", "/roster", "--version")
    report(f"{len(attempts)} ways to a Secret or a service account, exec and debug: allowed for an administrator, denied for developers and readers")

    scale = ["scale", "deployment/roster-api", "--replicas=0"]
    forbidden(READERS, *scale)
    forbidden(READERS, "delete", "pod", pod)
    done = asked(DEVELOPERS, "delete", "pod", pod)
    assert done.returncode == 0, f"a developer cannot restart a pod: {done.stderr}"
    until("a pod in its place", lambda: any(it["metadata"]["name"] != pod for it in namespace.pods()))
    namespace.ready("api", 1)
    done = asked(DEVELOPERS, *scale)
    assert done.returncode == 0, f"a developer cannot scale: {done.stderr}"
    namespace.ready("api", 0)
    report("a developer restarts a pod and scales, a reader does neither")
    namespace.remove()
