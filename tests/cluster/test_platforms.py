"""What other platforms and companies ask for, as far as one cluster has it: another user, listening on [::], an account and files of their own."""

from cluster import Namespace, report

# As large as on OpenShift, whose constraint would choose it from the namespace's range. No group is set, as there.
USER = 1_000_650_000


def test_a_release_with_the_values_of_openshift_runs_as_another_user_with_an_account_and_files_of_the_team():
    namespace = Namespace("e2e-platforms")
    namespace.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "people"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "authorities"}, "data": {"bundle.pem": ""}},
    )
    # The constraint restricted-v2 fills in the user and the group that openshift.yaml leaves out.
    namespace.upgrade("minikube.yaml", "openshift.yaml", values={
        "listenAddress": "::",
        "podSecurityContext": {"runAsUser": USER, "fsGroup": USER},
        # The DNS of this cluster, not that of OpenShift.
        "networkPolicy": {"dns": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}], "dnsPorts": [53]},
        "commonLabels": {"cost-centre": "4711"},
        "api": {"serviceAccount": {"create": False, "name": "people"}},
        "extraVolumes": [{"name": "authorities", "configMap": {"name": "authorities"}}],
        "extraVolumeMounts": [{"name": "authorities", "mountPath": "/etc/roster/authorities", "readOnly": True}],
    })
    # Over IPv4, where the cluster has no IPv6.
    namespace.test()
    [pod] = namespace.pods()
    [line] = [line for line in namespace.kubectl("logs", pod["metadata"]["name"]).splitlines() if "listening" in line]
    assert "[::]:8080" in line and "[::]:8081" in line, f"the pod listens elsewhere: {line}"
    context = pod["spec"]["securityContext"]
    assert context["runAsUser"] == context["fsGroup"] == USER and "runAsGroup" not in context, f"the pod runs as {context}"
    assert pod["spec"]["serviceAccountName"] == "people", f"the pod has the account {pod['spec']['serviceAccountName']}"
    assert pod["metadata"]["labels"]["cost-centre"] == "4711", f"the pod has the labels {pod['metadata']['labels']}"
    accounts = {item["metadata"]["name"] for item in namespace.get("serviceaccounts")["items"]}
    assert accounts == {"default", "people"}, f"the chart made an account: {accounts}"
    report("with the values of OpenShift: listens on [::], as another user, with the account and the files of a team")
    namespace.remove()
