"""Histories in which a sweep once removed live images, or missed lost ones, replayed on AWS emulated by moto, through a proxy
that changes responses. Everything that must stay is kept, and orphans are removed."""

import itertools
import json
import threading
import time
import urllib.parse
import uuid

import boto3
import pytest
from proxy import Proxy, proxied
from support import roster
from support.forms import multipart
from support.paths import SAMPLES
from support.waiting import until

PICTURE = (SAMPLES / "portrait.jpg").read_bytes()
HOUR = 3600
# No environment is made twice.
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def endpoint(moto):
    with proxied() as url:
        yield url


@pytest.fixture
def provision(endpoint):
    """A function that makes the table and the bucket of an environment."""
    Proxy.reset()
    yield lambda environment: Stores(endpoint, environment)
    Proxy.reset()


class Stores:
    """The table and the bucket of an environment."""

    def __init__(self, endpoint, environment):
        self.table, self.bucket = f"{environment}-users", f"{environment}-avatars"
        # The proxy changes only what Roster is answered.
        self.settings = {**roster.provisioned(self.table, self.bucket, environment), "AWS_ENDPOINT_URL": endpoint}
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")

    def sweep(self, *arguments, bucket_of=None):
        """Its exit code, output lines and log; `bucket_of` are the stores whose bucket and queues it gets, with this table."""
        settings = {**(bucket_of or self).settings, "ROSTER_ENVIRONMENT": self.settings["ROSTER_ENVIRONMENT"], "ROSTER_USERS_TABLE": self.table}
        ended = roster.run("sweep", "--json", *arguments, environment=settings)
        return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr

    def user(self, number, has_object=True, **attributes):
        """A user whose image was stored two days ago."""
        key = key_of(number)
        item = {"id": key.split("/")[1], "name": "N", "email": f"{number}@example.org", "avatar_key": key,
                "avatar_url": f"http://127.0.0.1:8080/{key}", **attributes}
        self.put_item(item)
        return self.put(key) if has_object else key

    def put_item(self, item):
        self.dynamodb.put_item(TableName=self.table, Item={name: {"S": value} for name, value in item.items()})

    def put(self, key, age=2 * 24 * HOUR):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=PICTURE)
        Proxy.aged[key] = age
        return key

    def keys(self):
        """Everything in the bucket but its marker."""
        return {item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])} - {"roster.json"}

    def avatars(self):
        return {key for key in self.keys() if key.startswith("avatars/")}


def upload_id(age):
    milliseconds = int((time.time() - age) * 1000)
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0x2 << 62 | uuid.uuid4().int & ((1 << 62) - 1)))


def key_of(number, age=2 * 24 * HOUR):
    return f"avatars/{number:064x}/{upload_id(age)}.jpg"


def test_the_bucket_of_another_environment_is_refused(provision):
    prod, dev = provision("prod"), provision("dev")
    live = {prod.user(number) for number in range(3)}
    for arguments in ([], ["--force"], ["--dry-run"]):
        code, lines, error = dev.sweep(*arguments, bucket_of=prod)
        assert code == 78 and "bucket `prod-avatars` belongs to environment `prod`" in error, (code, lines, error)
        assert prod.keys() == live


def test_a_sweep_of_the_old_bucket_with_an_empty_table_is_refused(provision):
    stores = provision("emptied")
    live = {stores.user(number) for number in range(3)}
    for item in stores.dynamodb.scan(TableName=stores.table)["Items"]:
        if item["id"]["S"] != "#roster":
            stores.dynamodb.delete_item(TableName=stores.table, Key={"id": item["id"]})
    code, lines, error = stores.sweep()
    assert code == 1 and "too_many" in lines[-1] and stores.keys() == live, (code, lines, error)


@pytest.fixture
def answers(provision):
    """A new environment with three users and an orphan."""
    stores = provision(f"answers{next(NUMBERS)}")
    return stores, {stores.user(number) for number in range(3)}, stores.put(key_of(99))


def of_table(name):
    """Makes answers of BatchGetItem those of another table."""
    return lambda table, body: body.replace(f'"{table}"'.encode(), f'"{name}"'.encode())


def change_batches(stores, change):
    Proxy.change = staticmethod(lambda call, body: change(stores.table, body) if call == "BatchGetItem" else body)


@pytest.mark.parametrize("change", [of_table("others-users"), lambda *_: b'{"Responses": {}, "UnprocessedKeys": {}}'], ids=["another-table", "no-table"])
def test_responses_of_another_table_stop_a_sweep(answers, change):
    stores, live, orphan = answers
    change_batches(stores, change)
    code, lines, error = stores.sweep()
    assert code == 1 and stores.keys() == live | {orphan}, (code, lines, error)


def test_a_response_by_the_arn_of_the_table_is_accepted(answers):
    stores, live, _ = answers
    change_batches(stores, of_table(f"arn:aws:dynamodb:us-east-1:123456789012:table/{stores.table}"))
    code, lines, error = stores.sweep()
    assert code == 0 and stores.keys() == live, (code, lines, error)


@pytest.mark.parametrize("hours", [-25, 25])
def test_an_upload_in_flight_survives_a_wrong_clock_of_s3(provision, tmp_path, hours):
    """S3 dates everything 25 h before or after this machine."""
    stores = provision("behind" if hours < 0 else "ahead")
    Proxy.clock = hours * HOUR
    settings = {**stores.settings, "ROSTER_FAULTS": "aws.put_item=slow:6s"}
    with roster.Api(environment=settings, log=tmp_path / "log") as api:
        uploaded = []
        posting = threading.Thread(target=lambda: uploaded.append(api.answer("POST", "/user", *multipart("Ada", "ada@example.org", PICTURE))))
        posting.start()
        [in_flight] = until("the object of the upload", stores.avatars)
        code, lines, error = stores.sweep("--force")
        assert not uploaded, "the upload was not in flight any more"
        posting.join()
        [(status, _, body)] = uploaded
        assert (code, status) == (0, 201), (code, lines, error, body)
        assert in_flight in stores.keys()
        api.ask("GET", urllib.parse.urlsplit(json.loads(body)["avatar_url"]).path, 200)


def test_images_that_foreign_items_reference_by_url_are_kept(provision):
    stores = provision("foreign")
    live, orphan = set(), stores.put(key_of(99))
    for number, spelled in enumerate((str, lambda key: key + "?v=2", lambda key: urllib.parse.quote(key, safe=""))):
        key = stores.put(key_of(number))
        stores.put_item({"id": str(number), "name": "F", "email": "f@example.org", "avatar_url": f"https://cdn.example.org/{spelled(key)}"})
        live.add(key)
    code, lines, error = stores.sweep("--force")
    assert code == 0 and stores.keys() == live, (code, lines, error, orphan)


def test_images_that_a_restore_lost_are_reported(provision):
    """The bucket was restored to an older point than the table: three users lost their image some minutes after they came."""
    stores = provision("restored")
    stores.user(9)
    for number in range(3):
        stores.user(number, has_object=False, avatar_key=f"avatars/{number:064x}/{upload_id(5 * 60)}.jpg")
    code, lines, error = stores.sweep("--dry-run")
    assert (code, lines[-1]["missing_images"]) == (1, 3), (code, lines, error)
