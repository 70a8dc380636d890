"""What Terraform made on moto: its settings, and a session of the SDK for each role."""

import contextlib
import json

import boto3
import policies
from botocore.exceptions import ClientError

# The object that names the owner of the images in a bucket.
MARKER = "roster.json"
NO_IMAGE = f"/avatars/{'0' * 64}/01939e2c-0000-7000-8000-000000000001.png"


class Deployed:
    def __init__(self, moto, outputs, calls):
        """`outputs` are those of the stack `service`, and `calls` is the file in which moto records calls."""
        self.moto, self.calls = moto, calls
        self.outputs = {name: output["value"] for name, output in outputs.items()}
        self.settings = self.outputs["settings"]
        self.table, self.bucket = self.settings["ROSTER_USERS_TABLE"], self.settings["ROSTER_AVATARS_BUCKET"]
        self.uploads = self.settings["ROSTER_UPLOADS_BUCKET"]
        self.queue = self.settings["ROSTER_EVENTS_QUEUE_URL"]
        self.roles = {**self.outputs["function_role_arns"], **self.outputs["pod_role_arns"]}
        self.as_role = {name: moto.as_role(arn) for name, arn in self.roles.items()}
        self.policies = policies.of_roles(self.roles)

    @contextlib.contextmanager
    def marker(self, content):
        """Temporarily another marker in the bucket, or none. No part may write it: policies are not enforced while it changes."""
        s3, marker = boto3.client("s3"), {"Bucket": self.bucket, "Key": MARKER}
        self.moto.enforce(False)
        kept = s3.get_object(**marker)["Body"].read()
        s3.delete_object(**marker) if content is None else s3.put_object(**marker, Body=json.dumps(content))
        self.moto.enforce(True)
        yield
        self.moto.enforce(False)
        s3.put_object(**marker, Body=kept, ContentType="application/json")
        self.moto.enforce(True)

    def has_read(self, name, user):
        """Whether this part has read the picture of the user."""
        role = self.roles[name].rsplit("/", 1)[-1]
        return f"{role}\ts3:GetObject\tarn:aws:s3:::{self.bucket}/avatars/{user['id']}" in self.calls.read_text()

    def denied(self, name, service, action, **arguments):
        try:
            getattr(self.as_role[name].client(service), action)(**arguments)
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403"), error
            print(f"{name} may not {service}:{action} of {next(iter(arguments.values()))}")
            return
        raise AssertionError(f"{name} may {service}:{action} with {arguments}")
