"""A HorizontalPodAutoscaler under load: from 2 pods to 4 or more, and down again, without a failed request."""

from cluster import HOST, expect, say, until
from load import Load
from underload import release


def main():
    with release("e2e-scaling", replicas=2) as roster:
        roster.values["api"] = {
            "resources": {"requests": {"cpu": "100m"}},
            "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 6, "targetCPU": 50, "scaleDownSeconds": 15},
        }
        roster.upgrade()
        scaler = lambda: roster.namespace.get("hpa", "roster-api")["status"]
        until("the autoscaler has metrics", lambda: scaler().get("currentMetrics"))
        expect(roster.namespace.get("deployment", "roster-api")["spec"]["replicas"] == 2, "there are not 2 pods before the load")
        # Each picture has a different size, so it must be drawn.
        height = Load([roster.port], HOST, connections=16, rate=150, upload_every=50, draw=True)
        until("4 pods under load", lambda: len([pod for pod in roster.namespace.pods() if ready(pod)]) >= 4, 240)
        used = scaler()["currentMetrics"][0]["resource"]["current"]["averageUtilization"]
        said = height.stop()
        expect(not height.failures, f"{said}; the first failures: {height.failures[:5]}")
        say(f"4 pods ready, at {used} % of the request: {said}")
        # The remaining load while pods are removed.
        rest = Load([roster.port], HOST, connections=8, rate=20, upload_every=10)
        until("2 pods again", lambda: len(roster.namespace.pods()) == 2, 300)
        said = rest.stop()
        expect(not rest.failures, f"{said}; the first failures: {rest.failures[:5]}")
        say(f"2 pods again: {said}")
        roster.loses_nothing(height, rest)


def ready(pod):
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in pod["status"].get("conditions", []))
