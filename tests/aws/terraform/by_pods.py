"""Uses what Terraform made as pods: the API, a worker and the operator's tools, each with only its own role."""

import hashlib
import json

from by_functions import ORPHAN, OTHER, PICTURE
from deployed import NO_IMAGE
from direct_uploads import DirectUploads
from pods import Pods
from support.forms import multipart
from support.waiting import until

# The worker's first reads fail, and its writes are slow.
FAULTS = "aws.get_object=unavailable*1,aws.get_object=damaged*1@from:2,aws.put_object=slow:2s"


def use(deployed, folder):
    pods = Pods(deployed, folder)
    pods.refused_elsewhere()
    # A single worker: SQS may deliver a message to one that has just stopped, which hides it for a minute.
    with pods.serve() as api, pods.worker({"ROSTER_FAULTS": FAULTS}) as worker:
        worker.asked("/readyz")
        until("the dead letter of nonsense", lambda: "not JSON" in pods.run("events", "list", "--json"))
        letter = json.loads(pods.run("events", "list", "--json"))
        assert json.loads(pods.run("events", "show", letter["id"])) == letter
        assert pods.run("events", "redrive", "--all") == "1 redriven"
        image = pictures_of_one_user(api, worker)
        pictures_of_erased_users(deployed, pods, api, worker, image)
        for process in (api, worker):
            process.end()
    with pods.serve() as api:
        DirectUploads(api.ask, api.ask, api.ask, deployed, "api").use(OTHER, OTHER)
        # Its e-mail has another form, which `users index` adds.
        api.ask("POST", "/user", 201, *multipart("Zoe", "zoe@bücher.example", PICTURE))
        api.end()
    until("the dead letter once more", lambda: pods.run("events", "drop", "--all") == "1 dropped")
    sweep = until("the sweep finds the orphan", lambda: (swept := pods.run("sweep", "--json")) and ORPHAN in swept and swept)
    print(sweep.splitlines()[-1])
    remade = json.loads(pods.run("renditions", "remake", "--json").splitlines()[-1])
    assert remade["looked_at"] > 0 and remade["unreadable"] == 0, remade
    twins = json.loads(pods.run("users", "twins", "--json").splitlines()[-1])
    assert twins["checked"] > 0 and twins["mailboxes"] == 0, twins
    indexed = pods.run("users", "index")
    assert indexed.endswith("; 1 indexed"), indexed
    assert "belongs to this environment" in pods.run("claim")
    pods.ran_every_tool()


def pictures_of_one_user(api, worker):
    bob = api.ask("POST", "/user", 201, *multipart("Bob", "bob@example.org", PICTURE))
    worker.has(f'"event.outcome":"done".*{bob["id"]}')
    worker.has('"event.outcome":"dead"')
    path = f"/users/{bob['id']}"
    image = "/avatars/" + bob["avatar_url"].split("/avatars/")[1]
    api.ask("GET", "/users", 200)
    api.ask("GET", path, 200)
    api.ask("GET", image, 200)
    api.ask("GET", f"/avatar/{bob['id']}?s=64", 200)
    api.ask("GET", f"/avatar/{hashlib.md5(b'bob@example.org').hexdigest()}?s=64", 200)
    for unknown in (hashlib.sha256(b"unknown"), hashlib.md5(b"unknown")):
        api.ask("GET", f"/avatar/{unknown.hexdigest()}?d=404", 404)
    api.ask("GET", NO_IMAGE, 404)
    api.ask("POST", "/user", 409, *multipart("Bob", "bob@example.org", PICTURE))
    api.ask("PATCH", path, 200, "application/merge-patch+json", b'{"name": "Robert"}')
    api.ask("PUT", f"{path}/avatar", 200, *multipart(None, None, OTHER))
    api.ask("DELETE", path, 204)
    return image


def pictures_of_erased_users(deployed, pods, api, worker, image):
    """Events of a picture that is gone, and of one that is erased while its renditions are being written."""
    message = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": deployed.bucket}, "object": {"key": image[1:]}}}
    deployed.as_role["operator"].client("sqs").send_message(QueueUrl=deployed.queue, MessageBody=json.dumps({"Records": [message]}))
    eve = api.ask("POST", "/user", 201, *multipart("Eve", "eve-worker@example.org", PICTURE))
    until("the worker reads Eve's picture", lambda: deployed.has_read("worker", eve))
    api.ask("DELETE", f"/users/{eve['id']}", 204)
    worker.has(f'"event.outcome":"[a-z]*".*{eve["id"]}')
    eve = api.ask("POST", "/user", 201, *multipart("Eve", "eve-api@example.org", PICTURE))
    with pods.serve({"ROSTER_FAULTS": "aws.put_object=slow:2s"}) as slow:
        asking = slow.start("GET", f"/avatar/{eve['id']}?s=64")
        until("the API reads Eve's picture", lambda: deployed.has_read("api", eve))
        api.ask("DELETE", f"/users/{eve['id']}", 204)
        asking.join()
        slow.end()
