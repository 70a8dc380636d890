"""Users with avatars as a Python template has them: Flask and boto3, on DynamoDB and S3.

The peer of the figure `template`; `bench/src/template.rs` runs it under gunicorn.
"""

import hashlib
import os
import uuid

import boto3
from boto3.dynamodb.conditions import Attr
from flask import Flask, jsonify, request

app = Flask(__name__)
table = boto3.resource("dynamodb").Table(os.environ["USERS_TABLE"])
s3 = boto3.client("s3")
bucket = os.environ["AVATARS_BUCKET"]
public_url = os.environ["PUBLIC_URL"]


def listed(item):
    return {"avatar_url": item["avatar_url"], "email": item["email"], "name": item["name"]}


@app.get("/users")
def list_users():
    items, start = [], {}
    while True:
        page = table.scan(**start)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    # One item of the table is no user: it names the environment.
    return jsonify([listed(item) for item in items if "email" in item])


@app.post("/user")
def create_user():
    avatar = request.files["avatar"]
    email = request.form["email"].strip()
    user_id = hashlib.sha256(email.lower().encode()).hexdigest()
    key = f"uploads/{uuid.uuid4()}"
    item = {"id": user_id, "name": request.form["name"], "email": email, "avatar_url": f"{public_url}/{key}"}
    s3.put_object(Bucket=bucket, Key=key, Body=avatar.read(), ContentType=avatar.mimetype)
    try:
        table.put_item(Item=item, ConditionExpression=Attr("id").not_exists())
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return jsonify(error="a user with this e-mail exists"), 409
    return jsonify(listed(item)), 201
