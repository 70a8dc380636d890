"""A HorizontalPodAutoscaler under load: from 2 pods to 4 or more, and down again, without a failed request."""

import pytest
from cluster import HOST, ready, report, until
from load import Load
from underload import release


@pytest.mark.long
def test_the_autoscaler_adds_and_removes_pods_without_a_failed_request():
    with release("e2e-scaling", replicas=2) as roster:
        roster.values["api"] = {
            "resources": {"requests": {"cpu": "100m"}},
            "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 6, "targetCPU": 50, "scaleDownSeconds": 15},
        }
        roster.upgrade()
        scaler = lambda: roster.namespace.get("hpa", "roster-api")["status"]
        until("the autoscaler has metrics", lambda: scaler().get("currentMetrics"))
        assert roster.namespace.get("deployment", "roster-api")["spec"]["replicas"] == 2, "there are not 2 pods before the load"
        # Each picture has a different size, so it must be drawn.
        height = Load([roster.port], HOST, connections=16, rate=150, upload_every=50, draw=True)
        until("4 pods under load", lambda: len([pod for pod in roster.namespace.pods() if ready(pod)]) >= 4, 240)
        used = scaler()["currentMetrics"][0]["resource"]["current"]["averageUtilization"]
        said = height.stop()
        assert not height.failures, f"{said}; the first failures: {height.failures[:5]}"
        report(f"4 pods ready, at {used} % of the request: {said}")
        # The remaining load while pods are removed.
        rest = Load([roster.port], HOST, connections=8, rate=20, upload_every=10)
        until("2 pods again", lambda: len(roster.namespace.pods()) == 2, 300)
        said = rest.stop()
        assert not rest.failures, f"{said}; the first failures: {rest.failures[:5]}"
        report(f"2 pods again: {said}")
        roster.loses_nothing(height, rest)
