#!/usr/bin/env python3
"""Histories in which a sweep once removed live images, or missed lost ones, replayed on AWS emulated by moto, through a proxy
that changes responses. Everything that must stay is kept, and orphans are removed.

    .ci/with-moto .ci/sweep-histories FOLDER     where the binary roster and examples/provision are
"""

import datetime
import email.utils
import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.environ.get("ROSTER_CACHE", os.path.expanduser("~/.cache/roster")), "moto"))
import boto3  # noqa: E402

BINARIES = pathlib.Path(sys.argv[1]).resolve()
PICTURE = (pathlib.Path(__file__).parents[1] / "samples/portrait.jpg").read_bytes()
MOTO = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
HOUR = 3600
s3, dynamodb = (boto3.client(service, os.environ["AWS_REGION"]) for service in ("s3", "dynamodb"))


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy of moto: `change` modifies response bodies, and S3's clock is off by `clock` seconds."""

    protocol_version = "HTTP/1.1"
    change = staticmethod(lambda call, body: body)
    clock = 0
    # Objects that are older than they say.
    aged = {}

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        moto = http.client.HTTPConnection(MOTO.hostname, MOTO.port)
        moto.request(self.command, self.path, body, dict(self.headers.items()))
        answer = moto.getresponse()
        content, date = answer.read(), answer.headers.get("Date")
        call = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if "list-type=2" in self.path:
            call = "ListObjectsV2"
            content = re.sub(rb"<Contents>.*?</Contents>", self.redated, content, flags=re.DOTALL)
            date = email.utils.formatdate(time.time() + Proxy.clock, usegmt=True)
        content = Proxy.change(call, content)
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("date", "content-length", "transfer-encoding", "connection", "x-amz-crc32"):
                self.send_header(name, value)
        self.send_header("Date", date)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    @staticmethod
    def redated(listed):
        text = listed[0].decode()
        seconds = Proxy.clock - Proxy.aged.get(re.search("<Key>(.*?)</Key>", text)[1], 0)
        put_at = re.search("<LastModified>(.*?)</LastModified>", text)[1]
        moved = datetime.datetime.fromisoformat(put_at) + datetime.timedelta(seconds=seconds)
        return text.replace(put_at, moved.strftime("%Y-%m-%dT%H:%M:%SZ")).encode()

    def log_message(self, *_):
        pass


def settings(environment, table, bucket, **more):
    return {
        **os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.server_address[1]}", "ROSTER_STORAGE": "aws",
        "ROSTER_ENVIRONMENT": environment, "ROSTER_USERS_TABLE": table, "ROSTER_AVATARS_BUCKET": bucket,
        "ROSTER_PUBLIC_URL": "http://127.0.0.1:8080", "ROSTER_LISTEN": "127.0.0.1:0",
        "ROSTER_MANAGEMENT_LISTEN": "127.0.0.1:0", **urls[bucket], **more,
    }


urls = {}


def provision(environment, table, bucket):
    made = subprocess.run(
        [BINARIES / "examples/provision", table, bucket, f"{bucket}-events", environment], check=True, capture_output=True, text=True,
    ).stdout.split()
    urls[bucket] = {"ROSTER_EVENTS_QUEUE_URL": made[0], "ROSTER_DEAD_LETTERS_URL": made[1]}


def sweep(environment, table, bucket, *arguments):
    """Its exit code, and its output lines."""
    ended = subprocess.run(
        [BINARIES / "roster", "sweep", "--json", *arguments], env=settings(environment, table, bucket), capture_output=True, text=True,
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return ended.returncode, lines, ended.stderr


def upload_id(age):
    milliseconds = int((time.time() - age) * 1000)
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0x2 << 62 | uuid.uuid4().int & ((1 << 62) - 1)))


def key_of(number, age=2 * 24 * HOUR):
    return f"avatars/{number:064x}/{upload_id(age)}.jpg"


def user(table, bucket, number, has_object=True, **attributes):
    """A user whose image was stored two days ago."""
    key = key_of(number)
    item = {"id": key.split("/")[1], "name": "N", "email": f"{number}@example.org", "avatar_key": key,
            "avatar_url": f"http://127.0.0.1:8080/{key}", **attributes}
    dynamodb.put_item(TableName=table, Item={name: {"S": value} for name, value in item.items()})
    return put(bucket, key) if has_object else key


def put(bucket, key, age=2 * 24 * HOUR):
    s3.put_object(Bucket=bucket, Key=key, Body=PICTURE)
    Proxy.aged[key] = age
    return key


def keys(bucket):
    return {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]} - {"roster.json"}


def log(name, *what):
    print(f"{name}: {', '.join(str(one) for one in what)}")


def wrong_bucket():
    """The table of dev with the bucket of prod, and an empty restored table with the old bucket."""
    provision("prod", "prod-users", "prod-avatars")
    provision("dev", "dev-users", "dev-avatars")
    live = {user("prod-users", "prod-avatars", number) for number in range(3)}
    for arguments in ([], ["--force"], ["--dry-run"]):
        code, lines, error = sweep("dev", "dev-users", "prod-avatars", *arguments)
        assert code == 78 and "bucket `prod-avatars` belongs to `prod`" in error, (code, lines, error)
        assert keys("prod-avatars") == live
    log("wrong bucket", error.strip())
    for item in dynamodb.scan(TableName="prod-users")["Items"]:
        if item["id"]["S"] != "#roster":
            dynamodb.delete_item(TableName="prod-users", Key={"id": item["id"]})
    code, lines, error = sweep("prod", "prod-users", "prod-avatars")
    assert code == 1 and keys("prod-avatars") == live, (code, lines, error)
    log("empty table", lines[-1]["too_many"])


def made_up_answers():
    """BatchGetItem responses for another table, for an ARN, or empty."""
    provision("answers", "answers-users", "answers-avatars")
    live = {user("answers-users", "answers-avatars", number) for number in range(3)}
    orphan = put("answers-avatars", key_of(99))

    def renamed(name):
        return lambda call, body: body.replace(b'"answers-users"', f'"{name}"'.encode()) if call == "BatchGetItem" else body

    for name, change in (
        ("another table", renamed("others-users")),
        ("no table", lambda call, body: b'{"Responses": {}, "UnprocessedKeys": {}}' if call == "BatchGetItem" else body),
    ):
        Proxy.change = staticmethod(change)
        code, lines, error = sweep("answers", "answers-users", "answers-avatars")
        assert code == 1 and keys("answers-avatars") == live | {orphan}, (name, code, lines, error)
        log(f"BatchGetItem of {name}", error.strip().splitlines()[-1])
    Proxy.change = staticmethod(renamed("arn:aws:dynamodb:us-east-1:123456789012:table/answers-users"))
    code, lines, error = sweep("answers", "answers-users", "answers-avatars")
    Proxy.change = staticmethod(lambda call, body: body)
    assert code == 0 and keys("answers-avatars") == live, (code, lines, error)
    log("BatchGetItem by the table's ARN", f"{lines[0]['finding']} {lines[0]['action']}")


def skewed_clock():
    """S3 dates everything 25 h before or after this machine, while an upload is in flight."""
    provision("clock", "clock-users", "clock-avatars")
    for number, hours in enumerate((-25, 25)):
        Proxy.clock = hours * HOUR
        server = subprocess.Popen(
            [BINARIES / "roster", "serve"], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=settings("clock", "clock-users", "clock-avatars", ROSTER_FAULTS="aws.put_item=slow:6s"),
        )
        try:
            url = urllib.parse.urlsplit(re.search("http://[^ ]+", server.stdout.readline())[0])
            before, answers = keys_or_none("clock-avatars"), []
            posting = threading.Thread(target=lambda: answers.append(post(url, f"ada{number}@example.org")))
            posting.start()
            while keys_or_none("clock-avatars") == before:
                time.sleep(0.05)
            in_flight = (keys_or_none("clock-avatars") - before).pop()
            code, lines, error = sweep("clock", "clock-users", "clock-avatars", "--force")
            assert not answers, "the upload was not in flight any more"
            posting.join()
            status, body = answers[0]
            assert (code, status) == (0, 201), (code, lines, error, body)
            assert in_flight in keys("clock-avatars")
            assert get(url, urllib.parse.urlsplit(body["avatar_url"]).path) == 200
        finally:
            server.terminate()
            server.wait()
    Proxy.clock = 0
    log("clock 25 h ahead and behind", "both uploads opened")


def post(url, address):
    boundary, crlf = uuid.uuid4().hex, b"\r\n"
    parts = [("name", "", b"Ada"), ("email", "", address.encode()), ("avatar", '; filename="a.jpg"', PICTURE)]
    lines = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + crlf for name, more, value in parts
    )
    connection = http.client.HTTPConnection(url.hostname, url.port)
    connection.request("POST", "/user", lines + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def get(url, path):
    connection = http.client.HTTPConnection(url.hostname, url.port)
    connection.request("GET", path)
    return connection.getresponse().status


def keys_or_none(bucket):
    return {item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="avatars/").get("Contents", [])}


def shown_by_url():
    """Items of another program reference images only by their URL."""
    provision("foreign", "foreign-users", "foreign-avatars")
    live, orphan = set(), put("foreign-avatars", key_of(99))
    for number, spelled in enumerate((str, lambda key: key + "?v=2", lambda key: urllib.parse.quote(key, safe=""))):
        key = put("foreign-avatars", key_of(number))
        item = {"id": str(number), "name": "F", "email": "f@example.org", "avatar_url": f"https://cdn.example.org/{spelled(key)}"}
        dynamodb.put_item(TableName="foreign-users", Item={name: {"S": value} for name, value in item.items()})
        live.add(key)
    code, lines, error = sweep("foreign", "foreign-users", "foreign-avatars", "--force")
    assert code == 0 and keys("foreign-avatars") == live, (code, lines, error, orphan)
    log("shown by a URL", f"{len(live)} stay, {lines[0]['finding']} {lines[0]['action']}")


def restored_bucket():
    """The bucket was restored to an older point than the table: three users lost their image some minutes after they came."""
    provision("restored", "restored-users", "restored-avatars")
    user("restored-users", "restored-avatars", 9)
    for number in range(3):
        key = f"avatars/{number:064x}/{upload_id(5 * 60)}.jpg"
        user("restored-users", "restored-avatars", number, has_object=False, avatar_key=key)
    code, lines, error = sweep("restored", "restored-users", "restored-avatars", "--dry-run")
    assert (code, lines[-1]["missing_images"]) == (1, 3), (code, lines, error)
    log("after a restore", f"missing_images {lines[-1]['missing_images']}, exit code {code}")


proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
for history in (wrong_bucket, made_up_answers, skewed_clock, shown_by_url, restored_bucket):
    history()
print("everything that must stay is kept")
