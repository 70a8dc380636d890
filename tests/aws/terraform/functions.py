"""Runs the functions like Lambda: from their zips, with their settings and roles, on events of an HTTP API and of SQS."""

import base64
import json
import os
import subprocess
import sys


def multipart(name, email, picture):
    """Content type and body of a form."""
    texts = [("name", name), ("email", email)]
    parts = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'.encode() for key, text in texts if text]
    head = b'--b\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\n'
    return "multipart/form-data; boundary=b", b"".join(parts) + head + picture + b"\r\n--b--\r\n"


class Running:
    """A function that processes one event."""

    def __init__(self, program, event, environment, folder, events):
        self.process = subprocess.Popen(
            [events, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=folder, text=True
        )
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.close()
        self.process.stdin = None

    def answer(self):
        answer, log = self.process.communicate(timeout=120)
        if self.process.returncode != 0:
            sys.exit(f"a function exited with {self.process.returncode}: {log}")
        return json.loads(answer), log


class Functions:
    def __init__(self, zips, binaries, settings, as_role, folder):
        self.settings, self.as_role, self.folder = settings, as_role, folder
        self.events_program = binaries / "examples" / "events"
        self.programs = {name: zips / name / "bootstrap" for name in settings}

    def environment(self, name, further):
        keys = self.as_role[name].get_credentials()
        return {
            **self.settings[name],
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "AWS_REGION": os.environ["AWS_REGION"],
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token,
            "RUST_LOG": "warn",
            **(further or {}),
        }

    def give(self, name, event, further=None):
        return Running(self.programs[name], event, self.environment(name, further), self.folder, self.events_program)

    def start(self, name, method, target, further=None, content_type=None, body=b""):
        path, _, query = target.partition("?")
        return self.give(name, {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "users.example.org", **({"content-type": content_type} if content_type else {})},
            "requestContext": {
                "accountId": "123456789012", "apiId": "api", "domainName": "users.example.org", "domainPrefix": "users",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "deployed"},
                "requestId": "id", "routeKey": "$default", "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000,
            },
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }, further)

    def ask(self, name, method, target, expected, content_type=None, body=b"", settings=None):
        answer, log = self.start(name, method, target, settings, content_type, body).answer()
        print(f"{name}: {method} {target[:40]} {answer['statusCode']}")
        text = answer.get("body") or ""
        if answer["statusCode"] != expected:
            sys.exit(f"{expected} was expected: {text[:2000]}\n{log}")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def events(self, sqs, url, keep=True):
        """The waiting messages, received like Lambda with the function's role; deleted at once if they are not kept."""
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]).get("Messages", [])
        # S3 sends a test event when notifications are configured.
        for message in [message for message in messages if "s3:TestEvent" in message["Body"]]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            messages.remove(message)
        if not keep:
            self.delete(sqs, url, messages)
        return messages

    def delete(self, sqs, url, messages):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def start_work(self, messages, further=None):
        return self.give("process-avatar", {"Records": [
            {
                "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
                "messageAttributes": {
                    name: {"stringValue": value["StringValue"], "dataType": value["DataType"]} for name, value in message.get("MessageAttributes", {}).items()
                },
                "attributes": message["Attributes"], "eventSource": "aws:sqs", "awsRegion": os.environ["AWS_REGION"],
            } for message in messages
        ]}, further)

    def work(self, messages, sqs, url):
        answer, log = self.start_work(messages).answer()
        print(f"process-avatar: {answer}")
        if answer["batchItemFailures"]:
            sys.exit(f"an event failed: {log}")
        self.delete(sqs, url, messages)
