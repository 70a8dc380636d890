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
        until("the autoscaler knows what is used", lambda: scaler().get("currentMetrics"))
        expect(roster.namespace.get("deployment", "roster-api")["spec"]["replicas"] == 2, "there are not 2 pods before the load")
        # Each picture of a size of its own is drawn.
        load = Load([roster.port], HOST, connections=16, rate=150, upload_every=50, draw=True)
        until("4 pods under load", lambda: len([pod for pod in roster.namespace.pods() if ready(pod)]) >= 4, 240)
        used = scaler()["currentMetrics"][0]["resource"]["current"]["averageUtilization"]
        said = load.stop()
        expect(not load.failures, f"{said}; the first failures: {load.failures[:5]}")
        say(f"4 pods ready, at {used} % of the request: {said}")
        # The rest of the load while pods are taken away.
        load = Load([roster.port], HOST, connections=8, rate=20, upload_every=10)
        until("2 pods again", lambda: len(roster.namespace.pods()) == 2, 300)
        said = load.stop()
        expect(not load.failures, f"{said}; the first failures: {load.failures[:5]}")
        say(f"2 pods again: {said}")
        roster.loses_nothing(load)


def ready(pod):
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in pod["status"].get("conditions", []))
