"""One pod on a volume, installed as in the README: through the ingress, over a restart, an upgrade and a roll-back, to its removal."""

import json
import tarfile
import tempfile

from cluster import CHART, HOST, Namespace, ingress, ingress_peer, report, run, until
from load import Client, path_of


def picture_opens(user):
    status, body = Client(ingress(), HOST).ask("GET", path_of(user))
    return status == 200 and body[:3] == b"\xff\xd8\xff"


def left(namespace):
    kinds = "all,configmap,secret,serviceaccount,persistentvolumeclaim,ingress,networkpolicy,poddisruptionbudget,horizontalpodautoscaler,role,rolebinding"
    names = {f"{item['kind']}/{item['metadata']['name']}" for item in namespace.get(kinds)["items"]}
    return names - {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}


def test_users_survive_restarts_upgrades_and_a_new_installation():
    namespace = Namespace("e2e-sqlite")
    values = {
        "publicUrl": f"http://{HOST}", "tls": {"enabled": False}, "auth": {"offIsPublic": True},
        "ingress": {"enabled": True, "flavour": "none", "host": HOST}, "networkPolicy": {"clients": [ingress_peer()]},
    }
    namespace.upgrade("minikube.yaml", values=values)
    namespace.test()

    client = Client(ingress(), HOST)
    until("the ingress routes to the API", lambda: client.ask("GET", "/users")[0] == 200)
    status, body = client.upload("ada@example.org")
    assert status == 201, f"an upload through the ingress returns {status}: {body!r}"
    user = json.loads(body)
    assert user["avatar_url"].startswith(f"http://{HOST}/avatars/"), f"the picture's URL is {user['avatar_url']}"
    assert picture_opens(user), "the picture cannot be read from outside"
    for path in ("/metrics", "/readyz", "/healthz"):
        assert client.ask("GET", path)[0] == 404, f"{path} is reached from outside"
    report("uploaded and read through the ingress, which exposes neither metrics nor health")

    first = namespace.settings()
    namespace.upgrade("minikube.yaml", values={**values, "settings": {"initials": True}})
    assert len(namespace.settings()) == 2 and first < namespace.settings(), "the settings of the previous revision are gone"
    until("the picture is there after an upgrade", lambda: picture_opens(user))
    namespace.helm("rollback", "roster", "--wait", "--timeout=180s")
    used = {source["configMapRef"]["name"] for pod in namespace.pods() for source in pod["spec"]["containers"][0]["envFrom"] if "configMapRef" in source}
    assert used == first, f"after the roll-back pods have {used}, not {first}"
    until("the picture is there after a roll-back", lambda: picture_opens(user))
    report("a change of a setting and its roll-back: users stay, each revision has its own settings")

    namespace.helm("uninstall", "roster", "--wait")
    expected = {"PersistentVolumeClaim/roster-data", *(f"ConfigMap/{name}" for name in namespace.settings())}
    assert len(expected) == 3, f"two revisions have the settings {expected}"
    until(f"helm uninstall keeps {expected}", lambda: left(namespace) == expected)
    report(f"helm uninstall keeps {', '.join(sorted(expected))}")

    namespace.upgrade("minikube.yaml", values=values)
    until("the picture is there after a new installation", lambda: picture_opens(user))
    report("installed again, the users are there")
    namespace.remove()


def previous(folder):
    """helm/ before the last commit that changed the chart, unpacked into a folder."""
    git = ["git", "-C", str(CHART)]
    commit = run(*git, "log", "-1", "--format=%H", "--", "roster").stdout.strip()
    assert commit, "the checkout has no commit of helm/roster"
    # A shallow checkout lacks its parent.
    archive = f"{folder}/helm.tar"
    run(*git, "archive", f"--output={archive}", f"{commit}^", "roster", "values")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


def seen(namespace, user):
    """The list and the user's picture, as the API's pod returns them."""
    [pod] = namespace.pods()
    with namespace.forwarded(pod["metadata"]["name"], 8080) as address:
        client = Client(address, HOST)
        return client.ask("GET", "/users"), client.ask("GET", path_of(user))


def test_a_release_of_the_previous_chart_upgrades_and_rolls_back():
    namespace = Namespace("e2e-previous")
    with tempfile.TemporaryDirectory() as folder:
        before = previous(folder)
        namespace.helm("install", "roster", f"{before}/roster", "--values", f"{before}/values/minikube.yaml", "--wait", "--timeout=180s")
    first = namespace.settings()
    claim = namespace.get("persistentvolumeclaim", "roster-data")["metadata"]["uid"]
    [pod] = namespace.pods()
    with namespace.forwarded(pod["metadata"]["name"], 8080) as address:
        status, body = Client(address, HOST).upload("ada@example.org")
    assert status == 201, f"an upload to a release of the previous chart returns {status}: {body!r}"
    user = json.loads(body)
    answers = seen(namespace, user)
    assert user["email"].encode() in answers[0][1] and answers[1][1][:3] == b"\xff\xd8\xff", f"the list and the picture are {answers}"

    namespace.upgrade("minikube.yaml", values={})
    assert seen(namespace, user) == answers, "the list or the picture is another one after the upgrade"
    namespace.test()
    assert first <= namespace.settings(), "the settings of the previous chart are gone"
    namespace.helm("rollback", "roster", "--wait", "--timeout=180s")
    assert seen(namespace, user) == answers, "the list or the picture is another one after the roll-back"
    namespace.test()
    assert namespace.get("persistentvolumeclaim", "roster-data")["metadata"]["uid"] == claim, "the volume is another one"
    report("a release of the previous commit's chart is upgraded and rolled back on its volume, with its user and picture")
    namespace.remove()
