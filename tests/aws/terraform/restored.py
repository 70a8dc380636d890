#!/usr/bin/env python3
"""The steps of docs/restore.md that AWS does, on moto; and a check that the restored data equals the lost data.

    .ci/terraform/restored table|objects|refused|equal|drop TABLE BUCKET NEW_TABLE NEW_BUCKET
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request

import boto3
from pods import Api

# The object that names the owner of the images in a bucket.
MARKER = "roster.json"
step, table, bucket, new_table, new_bucket = sys.argv[1:6]
dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")


def items(name):
    """All items of a table by key, without the environment."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return {item["id"]["S"]: item for page in pages for item in page["Items"] if item["id"]["S"] != "#roster"}


def objects(name):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name)
    return {found["Key"]: s3.get_object(Bucket=name, Key=found["Key"]) for page in pages for found in page.get("Contents", [])}


def content(found):
    return found["Body"].read(), found["ContentType"], found.get("CacheControl"), found["Metadata"]


def check_marker(marker, expected):
    """Fails where the marker names another table."""
    found = json.loads(marker["Body"].read())
    if found != {"environment": "dev", "table": expected}:
        sys.exit(f"{MARKER} names {found}, not the table {expected}")


def settings():
    """Settings of the service on the restored data."""
    return {
        **os.environ, "ROSTER_STORAGE": "aws", "ROSTER_USERS_TABLE": new_table, "ROSTER_AVATARS_BUCKET": new_bucket, "ROSTER_ENVIRONMENT": "dev",
        "ROSTER_AUTH": "off", "ROSTER_PUBLIC_URL": "http://127.0.0.1:8080", "ROSTER_LISTEN": "127.0.0.1:0", "ROSTER_MANAGEMENT_LISTEN": "127.0.0.1:0",
    }


if step == "table":
    # moto keeps no history: the time of the restore is now.
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=new_table, UseLatestRestorableTime=True)
    dynamodb.get_waiter("table_exists").wait(TableName=new_table)
    # Terraform creates it, and fails if it exists.
    dynamodb.delete_item(TableName=new_table, Key={"id": {"S": "#roster"}})
elif step == "objects":
    # Like AWS Backup with a recovery point, overwriting objects in the new bucket.
    check_marker(s3.get_object(Bucket=new_bucket, Key=MARKER), new_table)
    for key in objects(bucket):
        s3.copy_object(Bucket=new_bucket, Key=key, CopySource={"Bucket": bucket, "Key": key})
    check_marker(s3.get_object(Bucket=new_bucket, Key=MARKER), table)
elif step == "refused":
    done = subprocess.run([os.environ["ROSTER"], "serve", "--no-worker"], env=settings(), capture_output=True, text=True, timeout=120)
    if done.returncode != 78:
        sys.exit(f"on a bucket that names another table the service exited with {done.returncode}: {done.stderr}")
elif step == "equal":
    before, after = items(table), items(new_table)
    if not before or before != after:
        sys.exit(f"{len(before)} users were lost and {len(after)} restored, or they differ")
    old, new = objects(bucket), objects(new_bucket)
    check_marker(old.pop(MARKER), table)
    check_marker(new.pop(MARKER), new_table)
    lost = {key: content(found) for key, found in old.items()}
    found = {key: content(found) for key, found in new.items()}
    if not lost or lost != found:
        sys.exit(f"{len(lost)} objects were lost and {len(found)} restored, or they differ")
    # The service on the restored data lists all users, and serves every picture.
    with tempfile.TemporaryDirectory() as folder:
        api = Api([os.environ["ROSTER"], "serve", "--no-worker"], settings(), f"{folder}/log").listening()
        users = api.ask("GET", "/users", 200)
        if sorted(user["email"] for user in users) != sorted(item["email"]["S"] for item in before.values()):
            sys.exit("the service lists other users")
        for user in users:
            path = user["avatar_url"].removeprefix("http://127.0.0.1:8080")
            if urllib.request.urlopen(f"{api.url}{path}").status != 200:
                sys.exit(f"cannot read {path}")
        api.end()
    print(f"{len(before)} users and {len(lost)} objects equal the lost ones, and are served")
elif step == "drop":
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)
    for version in boto3.resource("s3").Bucket(bucket).object_versions.all():
        version.delete()
    s3.delete_bucket(Bucket=bucket)
else:
    sys.exit(__doc__)
