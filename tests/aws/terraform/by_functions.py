"""Uses what Terraform made as functions, each with only its own role: every action that its policy allows is called."""

import functools
import hashlib

from deployed import NO_IMAGE
from direct_uploads import DirectUploads
from functions import Functions
from support.forms import multipart
from support.paths import SAMPLES
from support.waiting import until

PICTURE, OTHER = (SAMPLES / "badge.png").read_bytes(), (SAMPLES / "portrait.jpg").read_bytes()
# Old enough to be swept.
AGED = {"age": "90000"}
ORPHAN = f"avatars/{'0' * 64}/01939e2c-0000-7000-8000-000000000000.png"


def use(deployed, zips, folder):
    functions = Functions(zips, deployed, folder)
    leave_work_for_the_sweep(functions, deployed)
    path, image = pictures_of_one_user(functions)
    direct_uploads(functions, deployed)
    pictures_of_erased_users(functions, deployed)
    a_malformed_event(functions, deployed)
    wrong_environments(functions, path, image)
    wrong_markers(functions, deployed, path)


def leave_work_for_the_sweep(functions, deployed):
    """An orphaned object, and a user whose event is lost: the sweep of the pods finds them."""
    functions.ask("create-user", "POST", "/user", 201, *multipart("Lost", "lost@example.org", PICTURE))
    functions.lose("the event of the lost user")
    rendition = ORPHAN.replace("avatars", "renditions").replace(".png", "/64.webp")
    for name, key in (("process-avatar", rendition), ("create-user", ORPHAN)):
        deployed.as_role[name].client("s3").put_object(Bucket=deployed.bucket, Key=key, Body=PICTURE, Metadata=AGED)
    functions.lose("the event of the orphan")


def pictures_of_one_user(functions):
    ask = functions.ask
    ada = ask("create-user", "POST", "/user", 201, *multipart("Ada", "ada@example.org", PICTURE))
    ask("create-user", "POST", "/user", 409, *multipart("Ada", "ada@example.org", PICTURE))
    assert {user["name"] for user in ask("list-users", "GET", "/users", 200)} == {"Lost", "Ada"}
    ask("list-users", "GET", "/readyz", 200)
    path = f"/users/{ada['id']}"
    image = ada["avatar_url"].split(".com", 1)[1]
    ask("serve-avatar", "GET", image, 200)
    ask("serve-avatar", "GET", NO_IMAGE, 404)
    ask("serve-avatar", "GET", f"/avatar/{ada['id']}?s=64", 200)  # the event is not processed yet: made on demand
    ask("serve-avatar", "GET", f"/avatar/{hashlib.md5(b'ada@example.org').hexdigest()}?s=128", 200)
    # Of no user, nor of the other form of an e-mail.
    for unknown in (hashlib.sha256(b"unknown"), hashlib.md5(b"unknown")):
        ask("serve-avatar", "GET", f"/avatar/{unknown.hexdigest()}?d=404", 404)
    # While the bucket is unavailable the event is postponed: as a new message, whose receive count starts at 0.
    answer, log = functions.start_work(functions.receive("the event of Ada"), {"ROSTER_FAULTS": "aws.get_object=unavailable*1"}).answer()
    assert not answer["batchItemFailures"] and '"event.outcome":"postponed"' in log, log
    functions.work(functions.receive("the postponed event of Ada"))
    ask("serve-avatar", "GET", f"/avatar/{ada['id']}?s=256", 200)
    ask("manage-user", "GET", path, 200)
    ask("manage-user", "PATCH", path, 200, "application/merge-patch+json", b'{"name": "Countess"}')
    ask("manage-user", "PUT", f"{path}/avatar", 200, *multipart(None, None, OTHER))
    ask("manage-user", "DELETE", f"{path}/avatar", 204)
    functions.lose("the event of the second picture")
    return path, image


def direct_uploads(functions, deployed):
    create, manage, serve = (functools.partial(functions.ask, name) for name in ("create-user", "manage-user", "serve-avatar"))
    DirectUploads(create, manage, serve, deployed, "create-user").use(OTHER, OTHER)
    functions.lose("the events of direct uploads")


def pictures_of_erased_users(functions, deployed):
    ask = functions.ask
    # An event may be delivered after its picture is gone.
    gone = ask("create-user", "POST", "/user", 201, *multipart("Gone", "gone@example.org", PICTURE))
    event = functions.receive("the event of the erased user")
    ask("manage-user", "DELETE", f"/users/{gone['id']}", 204)
    functions.work(event)

    # The user is erased while renditions are being written: their writer deletes them again.
    slow = {"ROSTER_FAULTS": "aws.put_object=slow:2s"}
    for name in ("process-avatar", "serve-avatar"):
        eve = ask("create-user", "POST", "/user", 201, *multipart("Eve", f"eve-{name}@example.org", PICTURE))
        event = functions.receive("the event of Eve")
        if name == "process-avatar":
            running = functions.start_work(event, slow)
        else:
            running = functions.start("serve-avatar", "GET", f"/avatar/{eve['id']}?s=64", slow)
        until(f"{name} reads Eve's picture", lambda: deployed.has_read(name, eve))
        ask("manage-user", "DELETE", f"/users/{eve['id']}", 204)
        running.answer()
        functions.delete(event)


def a_malformed_event(functions, deployed):
    """It is dead-lettered."""
    deployed.as_role["operator"].client("sqs").send_message(QueueUrl=deployed.queue, MessageBody="nonsense")
    functions.work(functions.receive("nonsense"))


def wrong_environments(functions, path, image):
    other = {"ROSTER_ENVIRONMENT": "other", "ROSTER_CONFIG_ENVIRONMENT": "other"}
    for name, target in (("list-users", "/users"), ("serve-avatar", image), ("manage-user", path)):
        functions.ask(name, "GET", target, 503, settings=other)
    functions.ask("create-user", "POST", "/user", 503, *multipart("Bob", "bob@example.org", PICTURE), settings=other)


def wrong_markers(functions, deployed, path):
    """A bucket without a marker is served, one with the marker of another table is not."""
    of_bucket = {"create-user": ("POST", "/user", 409), "manage-user": ("GET", path, 200), "serve-avatar": ("GET", NO_IMAGE, 404)}
    form = multipart("Ada", "ada@example.org", PICTURE)
    for content in (None, {"environment": deployed.settings["ROSTER_ENVIRONMENT"], "table": "other"}):
        with deployed.marker(content):
            for name, (method, target, status) in of_bucket.items():
                functions.ask(name, method, target, status if content is None else 503, *(form if method == "POST" else ()))
