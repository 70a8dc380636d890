#!/usr/bin/env python3
"""Emulates Lambda's event source: receives messages of the queue, invokes process-avatar, and deletes those that were processed.

    AWS_ENDPOINT_URL=… ROSTER_EVENTS_QUEUE_URL=… tools/local/event_source.py http://127.0.0.1:9000
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

FUNCTION = f"{sys.argv[1]}/2015-03-31/functions/process-avatar/invocations"
QUEUE = os.environ["ROSTER_EVENTS_QUEUE_URL"]


def post(url, said, headers=()):
    request = urllib.request.Request(url, json.dumps(said).encode(), {"Content-Type": "application/json", **dict(headers)})
    return json.loads(urllib.request.urlopen(request, timeout=90).read() or "null")


def sqs(action, **said):
    """Emulators require a signature, but do not check it."""
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/{os.environ['AWS_REGION']}/sqs/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"AmazonSQS.{action}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    return post(os.environ["AWS_ENDPOINT_URL"], {"QueueUrl": QUEUE, **said}, headers)


def record(message):
    return {
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "attributes": message["Attributes"], "messageAttributes": {}, "eventSource": "aws:sqs",
    }


while True:
    try:
        received = sqs("ReceiveMessage", WaitTimeSeconds=20, MaxNumberOfMessages=5, MessageSystemAttributeNames=["All"])
        messages = (received or {}).get("Messages", [])
        if messages:
            answer = post(FUNCTION, {"Records": [record(message) for message in messages]})
            failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
            for message in messages:
                if message["MessageId"] not in failed:
                    sqs("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
            print(f"event source: {len(messages)} messages, {len(failed)} failed", flush=True)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        # The function is being built, or LocalStack restarts: received messages are redelivered.
        print(f"event source: {error}", flush=True)
        time.sleep(1)
