"""AWS without a key in a pod: each service account's token is its role (IRSA), while moto enforces the policies."""

import json

from cloud import cloud
from cluster import HOST, REACHED, Namespace, ingress, ingress_peer, report, until
from load import PICTURE, Client, path_of
from support.forms import multipart
from support.uploads import announcement, send
from wrong import tried


def test_pods_use_aws_by_their_service_account_alone():
    with cloud("e2e-identity") as aws:
        namespace = Namespace("e2e-identity")
        values = {
            **aws.values(), **REACHED, "ingress": {"enabled": True, "flavour": "none", "host": HOST}, "api": {"replicas": 2},
            "sweep": {"enabled": True}, "networkPolicy": {"clients": [ingress_peer()]},
        }
        aws.enforce(True)
        namespace.upgrade(values=values)
        namespace.test()
        without_keys(namespace)
        uploaded(namespace, aws)
        sent_directly()
        swept(namespace)
        # The worker's role for the API's service account: its trust policy names another one.
        roles = {**values["aws"]["roleArns"], "api": values["aws"]["roleArns"]["worker"]}
        tried(namespace, {**values, "aws": {**values["aws"], "roleArns": roles}}, ingress(), "another's role", "assuming web identity role")
        aws.enforce(False)
        namespace.remove()


def without_keys(namespace):
    pods = namespace.pods("api") + namespace.pods("worker")
    assert len(pods) == 3, f"there are {len(pods)} pods"
    for pod in pods:
        container = pod["spec"]["containers"][0]
        names = {variable["name"] for variable in container["env"]}
        assert {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"} <= names and "AWS_SECRET_ACCESS_KEY" not in names, f"a pod has {names}"
        assert not any("secretRef" in source for source in container["envFrom"]), "a pod has a Secret"
    settings = json.dumps(namespace.get("configmaps"))
    assert "ACCESS_KEY" not in settings, "a ConfigMap has a key"
    report("no pod has a key")


def uploaded(namespace, aws):
    client = Client(ingress(), HOST)
    until("the ingress routes to the API", lambda: client.ask("GET", "/users")[0] == 200)
    status, body = client.upload("ada@example.org")
    assert status == 201, f"an upload through the ingress returns {status}: {body!r}"
    user = json.loads(body)

    def worked():
        lines = namespace.kubectl("logs", "deployment/roster-worker").splitlines()
        events = [json.loads(line) for line in lines if '"event.outcome"' in line]
        return [event for event in events if event["user.id"] == user["id"] and event["event.outcome"] == "done"]

    until("the worker's pod has processed the event", worked)
    aws.enforce(False)
    objects = aws.client("s3").list_objects_v2(Bucket=aws.outputs["settings"]["ROSTER_AVATARS_BUCKET"], Prefix=f"renditions/{user['id']}/")
    aws.enforce(True)
    assert objects["KeyCount"] == 6, f"there are {objects['KeyCount']} renditions"
    status, picture = client.ask("GET", path_of(user))
    assert status == 200 and picture[:3] == b"\xff\xd8\xff", f"the picture from outside returns {status}"
    status, picture = client.ask("GET", f"/avatar/{user['id']}?s=64", headers={"Accept": "image/webp"})
    assert status == 200 and picture[8:12] == b"WEBP", f"the rendition from outside returns {status}"
    report(f"an upload of {len(PICTURE)} bytes through the ingress, 6 renditions by the worker's pod, read from outside")


def sent_directly():
    client = Client(ingress(), HOST)
    kind, body = announcement(PICTURE, "image/jpeg")
    status, body = client.ask("POST", "/uploads", body, {"Content-Type": kind})
    assert status == 201, f"an announcement through the ingress returns {status}: {body!r}"
    place = json.loads(body)
    status = send(place, PICTURE)
    assert status == 200, f"S3 returns {status} to what the API's pod signed"
    kind, body = multipart("Direct", "direct@example.org", None, upload=place["upload"])
    status, body = client.ask("POST", "/user", body, {"Content-Type": kind})
    assert status == 201, f"a user with a direct upload returns {status}: {body!r}"
    assert client.ask("GET", path_of(json.loads(body)))[0] == 200, "its picture cannot be read"
    report("a direct upload to S3, signed and used by the API's pods")


def swept(namespace):
    namespace.kubectl("create", "job", "sweep-now", "--from=cronjob/roster-sweep")
    namespace.kubectl("wait", "job/sweep-now", "--for=condition=complete", "--timeout=120s")
    summary = namespace.kubectl("logs", "job/sweep-now").splitlines()[-1]
    report(f"a sweep with the operator's role: {summary}")
