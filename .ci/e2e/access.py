"""The roles of developers and readers, by impersonation: what each group may, and what nobody but an administrator may."""

from cluster import Namespace, expect, run, say

# Verb, resource, and whether developers and readers may.
RULES = [
    ("get pods", True, True),
    ("get pods/log", True, True),
    ("list deployments.apps", True, True),
    ("list configmaps", True, True),
    ("watch events", True, True),
    ("get horizontalpodautoscalers.autoscaling", True, True),
    ("list networkpolicies.networking.k8s.io", True, True),
    ("list httproutes.gateway.networking.k8s.io", True, True),
    ("patch deployments.apps", True, False),
    ("patch deployments.apps/scale", True, False),
    ("delete pods", True, False),
    ("create pods/portforward", True, False),
    ("create pods/eviction", True, False),
    ("create jobs.batch", True, False),
    ("update configmaps", True, False),
    ("get secrets", False, False),
    ("list secrets", False, False),
    ("create secrets", False, False),
    ("create pods/exec", False, False),
    ("create roles.rbac.authorization.k8s.io", False, False),
    ("create rolebindings.rbac.authorization.k8s.io", False, False),
    ("create serviceaccounts/token", False, False),
]


def main():
    namespace = Namespace("e2e-access")
    namespace.upgrade("minikube.yaml", values={"access": {"enabled": True}})

    def may(group, verb, resource, where=namespace.name):
        answer = run(
            "kubectl", "auth", "can-i", *verb.split(), *resource.replace("/", " --subresource=").split(), "--namespace", where,
            "--as", "somebody", "--as-group", group, "--as-group", "system:authenticated", check=False,
        ).stdout.strip()
        expect(answer in ("yes", "no"), f"can-i says {answer!r}")
        return answer == "yes"

    for rule, developer, reader in RULES:
        verb, resource = rule.split()
        for group, expected in (("roster:developers", developer), ("roster:readers", reader), ("others", False)):
            expect(may(group, verb, resource) == expected, f"{group}: {rule} is not {'allowed' if expected else 'refused'}")
        expect(not may("roster:developers", verb, resource, "default"), f"developers may {rule} in another namespace")
    say(f"{len(RULES)} rules for developers, readers and others, none in another namespace")

    done = run("kubectl", "--namespace", namespace.name, "get", "secrets", "--as", "ada", "--as-group", "roster:developers", check=False)
    expect(done.returncode != 0 and "forbidden" in done.stderr.lower(), f"a developer reads secrets: {done.stdout}{done.stderr}")
    done = run("kubectl", "--namespace", namespace.name, "scale", "deployment/roster-api", "--replicas=0", "--as", "grace", "--as-group", "roster:readers", check=False)
    expect(done.returncode != 0 and "forbidden" in done.stderr.lower(), f"a reader scales: {done.stdout}{done.stderr}")
    done = run("kubectl", "--namespace", namespace.name, "scale", "deployment/roster-api", "--replicas=0", "--as", "ada", "--as-group", "roster:developers", check=False)
    expect(done.returncode == 0, f"a developer cannot scale: {done.stderr}")
    say("a developer scales and reads no secret, a reader scales nothing")
    namespace.remove()
