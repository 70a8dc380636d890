"""Runs the functions like Lambda: from their zips, with their settings and roles, on events of an HTTP API and of SQS."""

import base64
import json
import os
import subprocess

from support.paths import BINARIES
from support.waiting import until


class Running:
    """A function that processes one event."""

    def __init__(self, program, event, environment, folder):
        pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
        self.process = subprocess.Popen([BINARIES / "examples/events", program], **pipes, env=environment, cwd=folder, text=True)
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.close()
        self.process.stdin = None

    def answer(self):
        answer, log = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, f"a function exited with {self.process.returncode}: {log}"
        return json.loads(answer), log


class Functions:
    def __init__(self, zips, deployed, folder):
        self.settings, self.as_role, self.folder = deployed.outputs["function_settings"], deployed.as_role, folder
        self.programs = {name: zips / name / "bootstrap" for name in self.settings}
        self.queue, self.sqs = {"QueueUrl": deployed.queue}, deployed.as_role["process-avatar"].client("sqs")

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
        return Running(self.programs[name], event, self.environment(name, further), self.folder)

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
        assert answer["statusCode"] == expected, f"{expected} was expected: {text[:2000]}\n{log}"
        try:
            return json.loads(text)
        except ValueError:
            return text

    def receive(self, what):
        """The waiting messages, received like Lambda with the function's role."""
        return until(what, self.events)

    def lose(self, what):
        """Receives and deletes them."""
        self.delete(self.receive(what))

    def events(self):
        received = self.sqs.receive_message(**self.queue, WaitTimeSeconds=1, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"])
        messages = received.get("Messages", [])
        # S3 sends a test event when notifications are configured.
        tests = [message for message in messages if "s3:TestEvent" in message["Body"]]
        self.delete(tests)
        return [message for message in messages if message not in tests]

    def delete(self, messages):
        for message in messages:
            self.sqs.delete_message(**self.queue, ReceiptHandle=message["ReceiptHandle"])

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

    def work(self, messages):
        answer, log = self.start_work(messages).answer()
        print(f"process-avatar: {answer}")
        assert not answer["batchItemFailures"], f"an event failed: {log}"
        self.delete(messages)
