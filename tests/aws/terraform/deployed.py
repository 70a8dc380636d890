#!/usr/bin/env python3
"""Uses what Terraform made on moto, as functions and as pods, each with only its own role, while moto enforces the
policies: every call of a part must be allowed, and every allowed action must be called.

    PYTHONPATH=~/.cache/roster/moto .ci/terraform/deployed OUTPUTS ZIPS BINARIES    (called by .ci/terraform/emulated)

OUTPUTS is the output of `terraform output -json` for the stack `service`; MOTO_CALLS is the file in which moto records calls.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import policies
from functions import Functions, multipart
from pods import Pods

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
MARKER = "roster.json"
NO_IMAGE = f"/avatars/{'0' * 64}/01939e2c-0000-7000-8000-000000000001.png"
outputs = {name: output["value"] for name, output in json.load(open(sys.argv[1])).items()}
zips, binaries = (pathlib.Path(path).resolve() for path in sys.argv[2:4])
calls = pathlib.Path(os.environ["MOTO_CALLS"])
settings = outputs["settings"]
table, bucket = settings["ROSTER_USERS_TABLE"], settings["ROSTER_AVATARS_BUCKET"]


def enforce(on):
    after = b"0" if on else b"1000000000"
    text = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/moto-api/reset-auth", after, text, method="POST")).read()


@contextlib.contextmanager
def marker(content):
    """Temporarily another marker in the bucket, or none. No part may write it: policies are not enforced while it changes."""
    s3, place = boto3.client("s3"), {"Bucket": bucket, "Key": MARKER}
    enforce(False)
    kept = s3.get_object(**place)["Body"].read()
    s3.delete_object(**place) if content is None else s3.put_object(**place, Body=json.dumps(content))
    enforce(True)
    yield
    enforce(False)
    s3.put_object(**place, Body=kept, ContentType="application/json")
    enforce(True)


def until(what, holds, seconds=120):
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        if time.monotonic() > deadline:
            sys.exit(f"deployed: not within {seconds} s: {what}")
        time.sleep(0.2)
    return value


def has_read(name, user):
    role = roles[name].rsplit("/", 1)[-1]
    return f"{role}\ts3:GetObject\tarn:aws:s3:::{bucket}/avatars/{user['id']}" in calls.read_text()


def session(arn):
    """An SDK session with this role."""
    keys = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="deployed")["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


roles = {**outputs["function_role_arns"], **outputs["pod_role_arns"]}
as_role = {name: session(arn) for name, arn in roles.items()}
policies_of = policies.of_roles(roles)
picture = pathlib.Path("samples/badge.png").read_bytes()
other = pathlib.Path("samples/portrait.jpg").read_bytes()
queue_url = settings["ROSTER_EVENTS_QUEUE_URL"]

enforce(True)
calls.write_text("")

with tempfile.TemporaryDirectory() as folder:
    functions = Functions(zips, binaries, outputs["function_settings"], as_role, folder)
    print("--- functions")
    ask = functions.ask
    # An orphaned object, and a user whose event is lost: for the sweep at the end.
    ask("create-user", "POST", "/user", 201, *multipart("Lost", "lost@example.org", picture))
    sqs = as_role["process-avatar"].client("sqs")
    until("the event of the lost user", lambda: functions.events(sqs, queue_url, keep=False))
    orphan = f"avatars/{'0' * 64}/01939e2c-0000-7000-8000-000000000000.png"
    rendition = orphan.replace("avatars", "renditions").replace(".png", "/64.webp")
    as_role["process-avatar"].client("s3").put_object(Bucket=bucket, Key=rendition, Body=picture, Metadata={"age": "90000"})
    as_role["create-user"].client("s3").put_object(Bucket=bucket, Key=orphan, Body=picture, Metadata={"age": "90000"})
    until("its event", lambda: functions.events(sqs, queue_url, keep=False))

    ada = ask("create-user", "POST", "/user", 201, *multipart("Ada", "ada@example.org", picture))
    ask("create-user", "POST", "/user", 409, *multipart("Ada", "ada@example.org", picture))
    assert {user["name"] for user in ask("list-users", "GET", "/users", 200)} == {"Lost", "Ada"}
    ask("list-users", "GET", "/readyz", 200)
    path = f"/users/{ada['id']}"
    image = ada["avatar_url"].split(".com", 1)[1]
    ask("serve-avatar", "GET", image, 200)
    ask("serve-avatar", "GET", NO_IMAGE, 404)
    ask("serve-avatar", "GET", f"/avatar/{ada['id']}?s=64", 200)  # the event is not processed yet: made on demand
    ask("serve-avatar", "GET", f"/avatar/{hashlib.md5(b'ada@example.org').hexdigest()}?s=128", 200)
    # While the bucket is unavailable the event is postponed: as a new message, whose receive count starts at 0.
    event = until("the event of Ada", lambda: functions.events(sqs, queue_url))
    answer, log = functions.start_work(event, {"ROSTER_FAULTS": "aws.get_object=unavailable*1"}).answer()
    assert not answer["batchItemFailures"] and '"event.outcome":"postponed"' in log, log
    functions.work(until("the postponed event of Ada", lambda: functions.events(sqs, queue_url)), sqs, queue_url)
    ask("serve-avatar", "GET", f"/avatar/{ada['id']}?s=256", 200)
    ask("manage-user", "GET", path, 200)
    ask("manage-user", "PATCH", path, 200, "application/merge-patch+json", b'{"name": "Countess"}')
    ask("manage-user", "PUT", f"{path}/avatar", 200, *multipart(None, None, other))
    ask("manage-user", "DELETE", f"{path}/avatar", 204)
    until("the event of the second picture", lambda: functions.events(sqs, queue_url, keep=False))

    # An event may be delivered after its picture is gone.
    gone = ask("create-user", "POST", "/user", 201, *multipart("Gone", "gone@example.org", picture))
    event = until("the event of the erased user", lambda: functions.events(sqs, queue_url))
    ask("manage-user", "DELETE", f"/users/{gone['id']}", 204)
    functions.work(event, sqs, queue_url)

    # The user is erased while renditions are being written: their writer deletes them again.
    slow = {"ROSTER_FAULTS": "aws.put_object=slow:2s"}
    for name in ("process-avatar", "serve-avatar"):
        eve = ask("create-user", "POST", "/user", 201, *multipart("Eve", f"eve-{name}@example.org", picture))
        event = until("the event of Eve", lambda: functions.events(sqs, queue_url))
        if name == "process-avatar":
            running = functions.start_work(event, slow)
        else:
            running = functions.start("serve-avatar", "GET", f"/avatar/{eve['id']}?s=64", slow)
        until(f"{name} reads Eve's picture", lambda: has_read(name, eve))
        ask("manage-user", "DELETE", f"/users/{eve['id']}", 204)
        running.answer()
        functions.delete(sqs, queue_url, event)
    # A malformed event is dead-lettered.
    operator_sqs = as_role["operator"].client("sqs")
    operator_sqs.send_message(QueueUrl=queue_url, MessageBody="nonsense")
    functions.work(until("nonsense", lambda: functions.events(sqs, queue_url)), sqs, queue_url)

    for name in ("list-users", "serve-avatar", "manage-user", "create-user"):
        target = {"list-users": "/users", "serve-avatar": image, "manage-user": path, "create-user": "/user"}[name]
        form = multipart("Bob", "bob@example.org", picture) if name == "create-user" else ()
        functions.ask(name, "POST" if form else "GET", target, 503, *form, settings={"ROSTER_ENVIRONMENT": "other", "ROSTER_CONFIG_ENVIRONMENT": "other"})

    # A bucket without a marker is served, one with the marker of another table is not.
    of_bucket = {"create-user": ("POST", "/user", 409), "manage-user": ("GET", path, 200), "serve-avatar": ("GET", NO_IMAGE, 404)}
    form = multipart("Ada", "ada@example.org", picture)
    for content in (None, {"environment": settings["ROSTER_ENVIRONMENT"], "table": "other"}):
        with marker(content):
            for name, (method, target, status) in of_bucket.items():
                ask(name, method, target, status if content is None else 503, *(form if method == "POST" else ()))

    print("--- pods")
    pods = Pods(binaries / "roster", settings, outputs["pod_role_arns"], folder)
    pods.refused_elsewhere()
    api = pods.serve()
    # A single worker: SQS may deliver a message to one that has just stopped, which hides it for a minute.
    worker = pods.worker({"ROSTER_FAULTS": "aws.get_object=unavailable*1,aws.get_object=damaged*1@from:2,aws.put_object=slow:2s"})
    worker.asked("/readyz")
    until("the dead letter of nonsense", lambda: "not JSON" in pods.run("events", "list", "--json"))
    assert pods.run("events", "redrive", "--all") == "1 redriven"
    bob = api.ask("POST", "/user", 201, *multipart("Bob", "bob@example.org", picture))
    worker.has(f'"event.outcome":"done".*{bob["id"]}')
    worker.has('"event.outcome":"dead"')
    path = f"/users/{bob['id']}"
    image = "/avatars/" + bob["avatar_url"].split("/avatars/")[1]
    api.ask("GET", "/users", 200)
    api.ask("GET", path, 200)
    api.ask("GET", image, 200)
    api.ask("GET", f"/avatar/{bob['id']}?s=64", 200)
    api.ask("GET", f"/avatar/{hashlib.md5(b'bob@example.org').hexdigest()}?s=64", 200)
    api.ask("GET", NO_IMAGE, 404)
    api.ask("POST", "/user", 409, *multipart("Bob", "bob@example.org", picture))
    api.ask("PATCH", path, 200, "application/merge-patch+json", b'{"name": "Robert"}')
    api.ask("PUT", f"{path}/avatar", 200, *multipart(None, None, other))
    api.ask("DELETE", path, 204)
    # Events of a picture that is gone, and of one that is erased while its renditions are being written.
    message = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": {"key": image[1:]}}}
    operator_sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps({"Records": [message]}))
    eve = api.ask("POST", "/user", 201, *multipart("Eve", "eve-worker@example.org", picture))
    until("the worker reads Eve's picture", lambda: has_read("worker", eve))
    api.ask("DELETE", f"/users/{eve['id']}", 204)
    worker.has(f'"event.outcome":"[a-z]*".*{eve["id"]}')
    eve = api.ask("POST", "/user", 201, *multipart("Eve", "eve-api@example.org", picture))
    slow = pods.serve({"ROSTER_FAULTS": "aws.put_object=slow:2s"})
    asking = slow.start("GET", f"/avatar/{eve['id']}?s=64")
    until("the API reads Eve's picture", lambda: has_read("api", eve))
    api.ask("DELETE", f"/users/{eve['id']}", 204)
    asking.join()
    for process in (slow, api, worker):
        process.end()
    until("the dead letter once more", lambda: pods.run("events", "drop", "--all") == "1 dropped")
    sweep = until("the sweep finds the orphan", lambda: (swept := pods.run("sweep", "--json")) and orphan in swept and swept)
    print(sweep.splitlines()[-1])
    remade = json.loads(pods.run("renditions", "remake", "--json").splitlines()[-1])
    assert remade["looked_at"] > 0 and remade["unreadable"] == 0, remade

print("--- denied")


def denied(name, service, action, **arguments):
    try:
        getattr(as_role[name].client(service), action)(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403"), error
        print(f"{name} may not {service}:{action} of {next(iter(arguments.values()))}")
        return
    sys.exit(f"deployed: {name} may {service}:{action} with {arguments}")


recorded = calls.read_text()
user = {"id": {"S": "0" * 64}}
denied("list-users", "dynamodb", "put_item", TableName=table, Item=user)
denied("list-users", "s3", "get_object", Bucket=bucket, Key=orphan)
denied("create-user", "dynamodb", "delete_item", TableName=table, Key=user)
denied("list-users", "s3", "get_object", Bucket=bucket, Key=MARKER)
denied("create-user", "s3", "get_object", Bucket=bucket, Key=orphan)
denied("operator", "s3", "put_object", Bucket=bucket, Key=MARKER, Body=b"{}")
denied("serve-avatar", "dynamodb", "put_item", TableName=table, Item=user)
denied("serve-avatar", "s3", "delete_object", Bucket=bucket, Key=orphan)
denied("worker", "dynamodb", "put_item", TableName=table, Item=user)
denied("api", "sqs", "receive_message", QueueUrl=queue_url)
for name in roles:
    denied(name, "dynamodb", "get_item", TableName="roster-prod-users", Key=user)
    denied(name, "s3", "get_object", Bucket=bucket.replace("dev", "prod"), Key=orphan)
enforce(False)

print("--- policies")
policies.compare(policies_of, roles, recorded)
