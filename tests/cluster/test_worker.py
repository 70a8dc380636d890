"""More uploads than one worker can process: the autoscaler adds another, one of them is killed with -9, and each upload gets all its renditions."""

import pytest
from cloud import cloud
from cluster import HOST, REACHED, Namespace, clients, ready, report, until
from load import Load
from processes import kill
from support.paths import SAMPLES
from wrong import words

# Every second upload is a photograph, to use memory as well.
PICTURES = [(SAMPLES / name).read_bytes() for name in ("small.jpg", "small.jpg", "portrait.jpg", "landscape.jpg")]
RENDITIONS = 6


@pytest.mark.long
def test_every_upload_gets_its_renditions_though_a_worker_is_killed():
    with cloud("e2e-worker") as aws:
        namespace = Namespace("e2e-worker")
        values = {**aws.values(), **REACHED, "service": {"type": "NodePort"}, "networkPolicy": {"clients": clients()}}
        logged = without_its_queue(namespace, values)
        load = Load([namespace.node_port()], HOST, connections=4, rate=25, upload_every=1, pictures=PICTURES)
        until("a backlog", lambda: len(load.users) >= 100)
        # The worker retries every 2 s.
        assert len(logged()) == 1, f"a missing queue is logged {len(logged())} times"
        values["worker"] = {
            "resources": {"requests": {"cpu": "100m"}},
            "autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 2, "targetCPU": 50, "scaleDownSeconds": 15},
        }
        namespace.upgrade(values=values)
        working = lambda: [pod for pod in namespace.pods("worker") if ready(pod)]
        until("2 workers", lambda: len(working()) == 2, 240)
        until("20 waiting events", lambda: depth(aws, "ROSTER_EVENTS_QUEUE_URL") >= 20)
        killed = working()[0]["metadata"]["name"]
        kill(namespace.get("pod", killed))
        said, waiting = load.stop(), depth(aws, "ROSTER_EVENTS_QUEUE_URL")
        assert not load.failures, f"{said}; the first failures: {load.failures[:5]}"
        assert waiting, "the worker was killed with nothing left to do"
        # Now: once little is left to do, the autoscaler may remove this one.
        until("a restart of the killed worker", lambda: namespace.get("pod", killed)["status"]["containerStatuses"][0]["restartCount"] == 1)
        report(f"{said}; 2 workers, of which one was killed with {waiting} events to go")
        until("all renditions", lambda: made(aws) == RENDITIONS * len(load.users), 300)
        until("1 worker again", lambda: len(namespace.pods("worker")) == 1, 300)
        # The killed worker may have made renditions without deleting their event: the queue keeps it until its lease ends, after 60 s.
        until("no event left", lambda: depth(aws, "ROSTER_EVENTS_QUEUE_URL") == 0, 180)
        assert depth(aws, "ROSTER_DEAD_LETTERS_URL") == 0, "an event was dead-lettered"
        assert made(aws) == RENDITIONS * len(load.users), "an event that came twice changed the renditions"
        report(f"all renditions exist, no event is left or dead-lettered; 1 worker again: {namespace.used('worker')}")
        namespace.remove()


def without_its_queue(namespace, values):
    """The worker logs what is wrong, and keeps running: the queue may be created later. Returns a function that finds its lines."""
    url = values["aws"]["eventsQueueUrl"] + "-missing"
    namespace.upgrade(values={**values, "aws": {**values["aws"], "eventsQueueUrl": url}})
    said = f"{url}: the queue does not exist"
    lines = lambda: [line for line in namespace.kubectl("logs", "deployment/roster-worker").splitlines() if said in line]
    line = until("a line that says which queue is missing", lines)[0]
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in namespace.pods("worker")]
    assert restarts == [0], f"without its queue the worker restarted: {restarts}"
    report(f"a missing queue: it waits: {words(line)[:240]}")
    return lines


def made(aws):
    """The number of renditions."""
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=aws.outputs["settings"]["ROSTER_AVATARS_BUCKET"], Prefix="renditions/")
    return sum(page["KeyCount"] for page in pages)


def depth(aws, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=aws.outputs["settings"][queue], AttributeNames=names)
    return sum(int(number) for number in answer["Attributes"].values())
