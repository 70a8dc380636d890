"""Direct uploads on AWS: announced to the API, sent to S3 by a URL that its role signed, and used once."""

import uuid

from stacks import ORIGIN
from support.forms import multipart
from support.uploads import announcement, digest, preflight, send


class DirectUploads:
    """`create`, `manage` and `serve` ask the part that owns the route: method, target, expected status, content type, body."""

    def __init__(self, create, manage, serve, deployed, role):
        self.create, self.manage, self.serve = create, manage, serve
        self.bucket, self.s3 = deployed.uploads, deployed.as_role[role].client("s3")

    def use(self, picture, other):
        """Two JPEGs, of which it makes three users."""
        self.what_was_not_announced_is_refused(picture)
        self.a_user_is_created(picture)
        self.an_avatar_is_replaced(picture, other)

    def announced(self, picture, **further):
        return self.create("POST", "/uploads", 201, *announcement(picture, "image/jpeg", **further))

    def sent(self, picture, **further):
        place = self.announced(picture, **further)
        assert send(place, picture) == 200
        return place["upload"]

    def what_was_not_announced_is_refused(self, picture):
        place = self.announced(picture, sha256=digest(picture))
        assert send(place, picture + b"!") == 403, "more bytes than announced were taken"
        assert send(place, picture, **{"content-type": "text/html"}) == 403, "another type than announced was taken"
        assert send(place, picture[::-1]) == 400, "other bytes than announced were taken"
        assert preflight(place, ORIGIN), "no page may send an upload"
        assert not preflight(place, "https://other.example.org"), "any page may send an upload"
        for upload in (place["upload"], str(uuid.uuid4())):
            refused(self.create("POST", "/user", 400, *form(upload)))

    def a_user_is_created(self, picture):
        upload = self.sent(picture, sha256=digest(picture))
        assert self.keys(upload) == {"announced", "sent"}
        user = self.create("POST", "/user", 201, *form(upload))
        assert self.keys(upload) == {"announced", "claimed"}, "the bytes are still there"
        at_once = self.create("POST", "/user", 201, *multipart("Ivy", email(), picture))
        assert self.avatar(user) == self.avatar(at_once), "another image is stored than from one request"
        refused(self.create("POST", "/user", 400, *form(upload)))

    def an_avatar_is_replaced(self, picture, other):
        user = self.create("POST", "/user", 201, *form(self.sent(picture)))
        target, upload = f"/users/{user['id']}/avatar", self.sent(other)
        body = ("application/json", f'{{"upload": "{upload}"}}'.encode())
        replaced = self.manage("PUT", target, 200, *body)
        assert self.keys(upload) == {"announced", "claimed"}, "the bytes are still there"
        assert self.avatar(replaced) != self.avatar(user, 404)
        refused(self.manage("PUT", target, 400, *body))
        refused(self.manage("PUT", target, 400, "application/json", f'{{"upload": "{uuid.uuid4()}"}}'.encode()))

    def avatar(self, user, expected=200):
        return self.serve("GET", "/avatars/" + user["avatar_url"].split("/avatars/")[1], expected)

    def keys(self, upload):
        """What the bucket has of this upload."""
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {item["Key"].partition("/")[0] for item in found if item["Key"].endswith(f"/{upload}")}


def email():
    return f"{uuid.uuid4().hex}@example.org"


def form(upload):
    return multipart("Ida", email(), None, upload=upload)


def refused(problem):
    assert [error["field"] for error in problem["errors"]] == ["upload"], problem
