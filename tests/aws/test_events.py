"""On the AWS stores an upload becomes renditions by the events of its bucket: `serve`, `worker` and the data tools, each in a process
of its own."""

import json

import boto3
import pytest
from support import roster
from support.forms import multipart
from support.paths import SAMPLES


@pytest.fixture
def settings(moto):
    return roster.provisioned("smoke-users", "smoke-avatars", "smoke")


def test_an_upload_a_sweep_and_a_dead_letter_are_processed(settings, tmp_path):
    def tool(*arguments, **further):
        return roster.run(*arguments, environment={**settings, **further}).stdout.strip()

    with roster.Api(environment=settings, log=tmp_path / "serve.log") as api, \
            roster.Process("worker", environment=settings, log=tmp_path / "worker.log") as worker:
        api.ask("POST", "/user", 201, *multipart("Ada", "ada@example.org", (SAMPLES / "portrait.jpg").read_bytes(), "image/jpeg"))
        worker.has('"event.outcome":"done".*"user.id"')
        # One image, six renditions and one user.
        swept = json.loads(tool("sweep", "--json", "--dry-run"))
        found = {name: swept[name] for name in ("dry_run", "looked_at", "missing_images", "missing_renditions")}
        assert found == {"dry_run": True, "looked_at": 8, "missing_images": 0, "missing_renditions": 0}
        health = tool("health", ROSTER_LISTEN="127.0.0.1:1", ROSTER_MANAGEMENT_LISTEN=worker.management())
        assert '"status":"ready"' in health

        # A malformed event is dead-lettered, listed, redriven, dead-lettered again, and dropped.
        boto3.client("sqs").send_message(QueueUrl=settings["ROSTER_EVENTS_QUEUE_URL"], MessageBody="nonsense")
        worker.has('"event.outcome":"dead"')
        assert "the payload is not JSON of a known shape" in tool("events", "list")
        assert tool("events", "redrive", "--all") == "1 redriven"
        worker.has('"event.outcome":"dead"', times=2)
        assert tool("events", "drop", "--all") == "1 dropped"
        worker.end()
        assert '"stopped"' in worker.log.read_text()
