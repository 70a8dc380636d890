"""PostgreSQL in the cluster, installed as in the README: closed to others, updated and killed under uploads, backed up, lost and restored."""

import json

import pytest
from cluster import HOST, Namespace, clients, kubectl, node_address, report, until
from load import Client, Load
from processes import kill
from test_network import CURL, pod
from wrong import tried

pytestmark = pytest.mark.long

NAME = "e2e-postgres"
FILES = ("minikube.yaml", "postgres.yaml")
DATABASE = "roster-postgres-0"
LABELS = {"app.kubernetes.io/name": "roster", "app.kubernetes.io/instance": "roster"}
VALUES = {"publicUrl": f"http://{HOST}", "auth": {"offIsPublic": True}, "service": {"type": "NodePort"}}


class Roster:
    def __init__(self):
        self.namespace = Namespace(NAME)
        self.values = {**VALUES, "networkPolicy": {"clients": clients()}}
        self.upgrade()
        self.address = self.namespace.node_port()

    def upgrade(self, **change):
        self.values.update(change)
        self.namespace.upgrade(*FILES, values=self.values)

    def sql(self, statement, database="roster"):
        """As the superuser, whom only a process of the pod can be."""
        socket = ["psql", "-X", "-A", "-t", "-h", "/var/run/postgresql", "-U", "postgres"]
        return self.namespace.kubectl("exec", DATABASE, "--container", "postgres", "--", *socket, "-d", database, "-c", statement)

    def users(self):
        status, body = Client(self.address, HOST).ask("GET", "/users")
        return {user["email"]: user["avatar_url"] for user in json.loads(body)} if status == 200 else None

    def api(self):
        """Names of the API's pods, with their restarts."""
        return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in self.namespace.pods()}

    def secrets(self):
        return {name: self.namespace.get("secret", name)["data"] for name in ("roster-postgres", "roster-postgres-tls")}

    def job(self, kind, name, backup=None):
        """A backup or a restore, by the commands of the documentation. Its last line."""
        run = self.namespace.kubectl
        create = ["create", "job", name, "--from", f"cronjob/roster-postgres-{kind}"]
        if backup:
            manifest = run(*create, "--dry-run=client", "--output", "yaml")
            manifest = run("set", "env", "--local", "--filename", "-", f"BACKUP={backup}", "--output", "yaml", input=manifest)
            run("create", "--filename", "-", input=manifest)
        else:
            run(*create)
        until(f"{kind} ends", lambda: self.namespace.get("job", name)["status"].get("conditions"))
        lines = run("logs", f"job/{name}").splitlines()
        assert self.namespace.get("job", name)["status"].get("succeeded") == 1, f"{kind} failed: {lines}"
        return lines[-1]


@pytest.fixture(scope="module")
def roster():
    made = Roster()
    yield made
    made.namespace.remove()


def test_an_update_loses_no_request_and_makes_no_other_credentials(roster):
    roster.namespace.test()
    first = lambda: [job for job in roster.namespace.get("jobs")["items"] if "-backup-first-" in job["metadata"]["name"] and job["status"].get("succeeded")]
    until("the first backup is made", first)
    assert len(roster.namespace.pods()) == 2 and len(roster.namespace.pods("worker")) == 1
    before, database = roster.secrets(), roster.namespace.get("pod", DATABASE)["metadata"]["uid"]
    load = Load([roster.address], HOST, connections=4, rate=40, upload_every=4)
    # The label replaces every pod, and the job that makes credentials.
    roster.upgrade(settings={"initials": True}, commonLabels={"updated": "yes"})
    said = load.stop()
    failed = [failure for failure in load.failures if failure[1] != 503]
    assert not failed, f"{said}; failures while the pods are replaced: {failed[:5]}"
    assert roster.secrets() == before, "an update made other credentials"
    assert roster.namespace.get("pod", DATABASE)["metadata"]["uid"] != database, "the database was not replaced"
    lost = load.lost(roster.address)
    assert not lost, f"{len(lost)} acknowledged uploads are lost"
    until("every event is processed", lambda: roster.sql("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM dead_letters)") == "0")
    report(f"all pods replaced, the database too: {said}; passwords and certificate are those of the installation")


def test_the_port_of_the_database_is_closed_to_all_but_its_clients(roster):
    foreign = Namespace("e2e-postgres-foreign")
    backup = {**LABELS, "app.kubernetes.io/component": "postgres-backup"}
    for namespace, name, labels in ((foreign, "asker", backup), (roster.namespace, "asker", {}), (roster.namespace, "inside", backup)):
        namespace.apply(pod(name, CURL, labels=labels, command=["sleep", "infinity"]))
        namespace.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=60s")
    address = roster.namespace.get("pod", DATABASE)["status"]["podIP"]

    def ends(namespace, name):
        """The exit code of curl: 28 on a timeout; 52 where PostgreSQL ends what is not its protocol."""
        return namespace.kubectl("exec", name, "--", "sh", "-c", f"curl -s -o /dev/null -m 3 http://{address}:5432; echo $?", check=False)

    until("a pod with the labels of a backup reaches the database", lambda: ends(roster.namespace, "inside") == "52", 30)
    assert ends(foreign, "asker") == "28", "a pod of another namespace, with the same labels, reaches the database"
    assert ends(roster.namespace, "asker") == "28", "a pod without Roster's labels reaches the database"
    assert roster.namespace.get("service", "roster-postgres")["spec"]["clusterIP"] == "None", "the database has an address of its own"
    assert Client(f"{node_address()}:5432", HOST, timeout=3).ask("GET", "/")[0] == 0, "the node has the port of the database"
    beyond = foreign.get("pod", "asker")["status"]["podIP"]
    reach = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{beyond}/80'; echo $?"
    code = roster.namespace.kubectl("exec", DATABASE, "--container", "postgres", "--", "bash", "-c", reach)
    assert code == "124", f"the database reaches another pod: {code}"
    report("the port is closed to other namespaces, to other pods of the namespace and on the node; the database reaches nothing")
    roster.namespace.kubectl("delete", "pod", "asker", "inside", "--wait=false")
    foreign.remove()


def test_acknowledged_uploads_survive_kills_of_the_database_and_of_the_api(roster):
    before = roster.api()
    load = Load([roster.address], HOST, connections=8, rate=60, upload_every=2)

    def more():
        due = load.requests() + 200
        until("200 more requests", lambda: load.requests() >= due)

    more()
    kill(roster.namespace.get("pod", DATABASE), "postgres")

    def back():
        status = roster.namespace.get("pod", DATABASE)["status"]["containerStatuses"][0]
        return status["restartCount"] == 1 and status["ready"]

    until("the database is back", back)
    until("the API serves", roster.users)
    away = [failure[0] for failure in load.failures]
    more()
    others = [failure for failure in load.failures if failure[1] != 503]
    assert not others, f"failures other than 503: {others[:5]}"
    assert roster.api() == before, f"pods of the API restarted: {before}, {roster.api()}"
    length = f"503 for {max(away) - min(away):.1f} s" if away else "no failure"
    report(f"the database killed: {length}, {len(away)} requests; no pod of the API restarted")

    failed = len(load.failures)
    killed = next(iter(before))
    kill(roster.namespace.get("pod", killed))
    until("a killed pod of the API is back", lambda: roster.api()[killed] == 1)
    roster.namespace.ready("api", 2)
    more()
    said = load.stop()
    others = [failure for failure in load.failures[failed:] if failure[1] != 0]
    assert not others, f"failures other than broken connections: {others[:5]}"
    lost = load.lost(roster.address)
    assert not lost, f"{len(lost)} acknowledged uploads are lost"
    report(f"a pod of the API killed: {said}; every acknowledged upload is there, with its picture")


def test_a_lost_database_is_restored_from_its_backup(roster):
    before, api = roster.users(), roster.api()
    older = roster.job("backup", "older").split(":")[0].removeprefix("/backups/")
    assert Client(roster.address, HOST).upload("late@example.org")[0] == 201
    all_users = roster.users()
    report(f"backup: {roster.job('backup', 'newer')}")
    roster.namespace.kubectl("delete", "statefulset,persistentvolumeclaim", "roster-postgres")
    roster.upgrade()
    assert roster.users() != all_users, "the volume was not lost"
    assert "no users" in roster.job("backup", "empty"), "an empty database replaces the backups"
    report(f"restore: {roster.job('restore', 'newest')}")
    until("all users", lambda: roster.users() == all_users)
    roster.namespace.test()
    roster.job("restore", "named", backup=older)
    until("the users of an older backup", lambda: roster.users() == before)
    assert roster.api() == api, "pods of the API restarted"
    report(f"the volume deleted and the newest backup restored, then an older one: all {len(all_users)} users are there; no pod of the API restarted")


def test_an_external_database_is_used_and_a_wrong_one_refused_in_one_line(roster):
    namespace = Namespace("e2e-postgres-external")
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace.name}}}
    roster.namespace.apply({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "from-outside"},
        "spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/component": "postgres"}}, "ingress": [{"from": [peer], "ports": [{"port": 5432}]}]},
    })
    url = f"postgres://roster@roster-postgres.{NAME}.svc/roster"
    password, authority = (roster.secrets()[name][key] for name, key in (("roster-postgres", "password"), ("roster-postgres-tls", "ca.crt")))
    namespace.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "right"}, "stringData": {"url": url}, "data": {"password": password}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "wrong"}, "stringData": {"url": url, "password": "wrong"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "authority"}, "data": {"ca.crt": authority}},
    )
    external = {"secret": "right", "passwordKey": "password", "ca": {"secret": "authority"}}
    database = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAME}}}
    values = {
        **VALUES, "image": {"repository": "roster", "tag": "dev"}, "store": "postgres", "environment": "dev",
        "api": {"resources": {"requests": {"cpu": "50m"}}}, "worker": {"replicas": 0},
        "postgres": {"mode": "external", "external": external}, "networkPolicy": {"clients": clients(), "database": [database]},
    }
    namespace.upgrade(values=values)
    namespace.test()
    address = namespace.node_port()

    def wrong(change, *expected, **how):
        tried(namespace, {**values, **change}, address, *expected, waits=False, **how)

    wrong({"environment": "stage"}, "a database of another environment", "its store belongs to `dev`")
    wrong({"postgres": {"mode": "external", "external": {**external, "secret": "wrong"}}}, "a wrong password", "refused the login", code=1)
    namespace.remove()


# The last one: it leaves a database that does not start.
def test_data_of_another_major_version_is_refused_in_words(roster):
    folder = "/var/lib/postgresql/data/pgdata"
    roster.namespace.kubectl("exec", DATABASE, "--container", "postgres", "--", "sh", "-c", f"echo 16 >{folder}/PG_VERSION")
    roster.namespace.kubectl("delete", "pod", DATABASE)

    def prepared():
        answer = kubectl("--namespace", NAME, "get", "pod", DATABASE, "--output", "json", check=False)
        [status] = json.loads(answer)["status"].get("initContainerStatuses", [{}]) if answer else [{}]
        return status.get("lastState", {}).get("terminated") or status.get("state", {}).get("terminated")

    ended = until("the pod is refused", prepared)
    line = roster.namespace.kubectl("logs", DATABASE, "--container", "prepare", check=False)
    assert ended["exitCode"] == 78 and "the volume has data of PostgreSQL 16" in line, f"{ended}: {line}"
    report(f"exit 78: {line}")
