"""The steps of docs/restore.md that AWS does, on moto; and a check that the restored data equals the lost data."""

import json
import os
from dataclasses import dataclass

import boto3
from deployed import MARKER
from support import roster


@dataclass
class Names:
    table: str
    bucket: str
    new_table: str
    new_bucket: str

    def settings(self):
        """Settings of the service on the restored data."""
        return {
            **os.environ, **roster.LOOPBACK, "ROSTER_STORAGE": "aws", "ROSTER_USERS_TABLE": self.new_table, "ROSTER_AVATARS_BUCKET": self.new_bucket,
            "ROSTER_ENVIRONMENT": "dev", "ROSTER_AUTH": "off",
        }


def restore_table(names):
    """moto keeps no history: the time of the restore is now."""
    dynamodb = boto3.client("dynamodb")
    dynamodb.restore_table_to_point_in_time(SourceTableName=names.table, TargetTableName=names.new_table, UseLatestRestorableTime=True)
    dynamodb.get_waiter("table_exists").wait(TableName=names.new_table)
    # Terraform creates it, and fails if it exists.
    dynamodb.delete_item(TableName=names.new_table, Key={"id": {"S": "#roster"}})


def restore_objects(names):
    """Like AWS Backup with a recovery point, overwriting objects in the new bucket."""
    s3 = boto3.client("s3")
    check_marker(s3.get_object(Bucket=names.new_bucket, Key=MARKER), names.new_table)
    for key in objects(names.bucket):
        s3.copy_object(Bucket=names.new_bucket, Key=key, CopySource={"Bucket": names.bucket, "Key": key})
    check_marker(s3.get_object(Bucket=names.new_bucket, Key=MARKER), names.table)


def check_service_refuses(names):
    done = roster.run("serve", "--no-worker", environment=names.settings())
    assert done.returncode == 78, f"on a bucket that names another table the service exited with {done.returncode}: {done.stderr}"


def check_equal(names, folder):
    before, after = items(names.table), items(names.new_table)
    assert before and before == after, f"{len(before)} users were lost and {len(after)} restored, or they differ"
    old, new = objects(names.bucket), objects(names.new_bucket)
    check_marker(old.pop(MARKER), names.table)
    check_marker(new.pop(MARKER), names.new_table)
    lost = {key: content(found) for key, found in old.items()}
    found = {key: content(found) for key, found in new.items()}
    assert lost and lost == found, f"{len(lost)} objects were lost and {len(found)} restored, or they differ"
    # The service on the restored data lists all users, and serves every picture.
    with roster.Api("--no-worker", environment=names.settings(), log=folder / "log") as api:
        users = api.ask("GET", "/users", 200)
        assert sorted(user["email"] for user in users) == sorted(item["email"]["S"] for item in before.values()), "the service lists other users"
        for user in users:
            api.ask("GET", user["avatar_url"].removeprefix("http://127.0.0.1:8080"), 200)
        api.end()
    print(f"{len(before)} users and {len(lost)} objects equal the lost ones, and are served")


def drop_lost(names):
    """What a person deletes after a restore."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    dynamodb.update_table(TableName=names.table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=names.table)
    for version in boto3.resource("s3").Bucket(names.bucket).object_versions.all():
        version.delete()
    s3.delete_bucket(Bucket=names.bucket)


def items(name):
    """All items of a table by key, without the environment."""
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return {item["id"]["S"]: item for page in pages for item in page["Items"] if item["id"]["S"] != "#roster"}


def objects(name):
    s3 = boto3.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name)
    return {found["Key"]: s3.get_object(Bucket=name, Key=found["Key"]) for page in pages for found in page.get("Contents", [])}


def content(found):
    return found["Body"].read(), found["ContentType"], found.get("CacheControl"), found["Metadata"]


def check_marker(marker, expected):
    """Fails where the marker names another table."""
    assert json.loads(marker["Body"].read()) == {"environment": "dev", "table": expected}
