"""The scripts of backups and restores, with stand-ins for PostgreSQL's programs."""

import datetime
import os
import pathlib
import subprocess

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "roster/files/postgres"
RELEASE = "people.roster"
# psql answers questions from files of these names, and logs what it was asked.
PSQL = """
statement=$(cat)
printf '%s\\n' "$statement" >>"$STATE/statements"
case $statement in
  *free_bytes*) cat "$STATE/free" ;;
  *max_wal_size*) echo 1000 ;;
  *'EXISTS (SELECT FROM users)'*) cat "$STATE/has_users" ;;
  *'FROM environment'*) echo dev ;;
  *'count(*) FROM users'*) echo 2 ;;
esac
"""
PG_DUMP = """
while [[ $1 != --file ]]; do shift; done
echo dump >"$2"
exit "$(cat "$STATE/dump")"
"""
PG_RESTORE = """
printf '%s\\n' "$*" >>"$STATE/restores"
[[ $1 != --list ]] || exit "$(cat "$STATE/list")"
"""


class Volume:
    """A folder of backups, and what runs a script on it."""

    def __init__(self, folder):
        self.folder, self.backups, self.state = folder, folder / "backups", folder / "state"
        for made in (self.backups, self.state, folder / "bin"):
            made.mkdir()
        (folder / "password").write_text("secret")
        self.set(has_users="t", dump="0", list="0", free="1000000000")
        for name, text in (("psql", PSQL), ("pg_dump", PG_DUMP), ("pg_restore", PG_RESTORE)):
            program = folder / "bin" / name
            program.write_text(f"#!/usr/bin/env bash\n{text}")
            program.chmod(0o755)

    def set(self, **answers):
        for name, value in answers.items():
            (self.state / name).write_text(value)

    def run(self, script, **environment):
        text = (SCRIPTS / script).read_text().replace("/backups", str(self.backups)).replace("/var/run/secrets/postgres/password", str(self.folder / "password"))
        copy = self.folder / script
        copy.write_text(text)
        defaults = {"RELEASE": RELEASE, "KEEP_COUNT": "2", "KEEP_DAYS": "7", "ENVIRONMENT": "dev", "BACKUP": "", "HOSTNAME": "pod", "STATE": str(self.state)}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(["bash", copy], env={**os.environ, **defaults, "PATH": path, **environment}, capture_output=True, text=True)

    def add(self, *days, release=RELEASE, suffix=""):
        """Backups that are so many days old. Their names."""
        now = datetime.datetime.now(datetime.UTC)
        names = [f"{release}.{now - datetime.timedelta(days=age):%Y%m%dT%H%M%SZ}.dump{suffix}" for age in days]
        for name, age in zip(names, days, strict=True):
            (self.backups / name).write_text("older")
            then = (now - datetime.timedelta(days=age)).timestamp()
            os.utime(self.backups / name, (then, then))
        return names

    def names(self):
        return {file.name for file in self.backups.iterdir()}

    def statements(self):
        file = self.state / "statements"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def volume(tmp_path):
    return Volume(tmp_path)


def test_a_backup_removes_what_is_neither_recent_nor_among_the_newest(volume):
    recent, old = volume.add(1, 2, 3), volume.add(10, 20)
    done = volume.run("backup.sh")
    assert done.returncode == 0, done.stderr
    [new] = volume.names() - {*recent}
    assert new.startswith(f"{RELEASE}.") and (volume.backups / new).read_text() == "dump\n"
    assert all(f"{name}: removed" in done.stdout for name in old)


def test_the_newest_backups_are_kept_however_old_they_are(volume):
    old = volume.add(10, 20, 30)
    assert volume.run("backup.sh", KEEP_COUNT="3").returncode == 0
    assert volume.names() > set(old[:2]) and old[2] not in volume.names() and len(volume.names()) == 3


@pytest.mark.parametrize("failing", [{"dump": "1"}, {"list": "1"}], ids=["dump", "incomplete"])
def test_a_backup_that_fails_removes_nothing(volume, failing):
    kept = volume.add(1, 10, 20, 30)
    volume.set(**failing)
    assert volume.run("backup.sh").returncode == 1
    assert volume.names() == set(kept)


def test_a_database_without_users_takes_the_place_of_no_backup(volume):
    kept = volume.add(10, 20, 30)
    volume.set(has_users="f")
    done = volume.run("backup.sh")
    assert done.returncode == 0 and "no users" in done.stdout and volume.names() == set(kept)


# The last one is what another release could be named.
@pytest.mark.parametrize("other", ["people.staff", "people.roster-2", "people2.roster", "people.roster.x"])
def test_a_backup_leaves_those_of_another_release_alone(volume, other):
    others = volume.add(10, 20, 30, 40, release=other) + volume.add(3, release=other, suffix=".pod.part")
    part, new_part = volume.add(3, 0.5, suffix=".pod.part")
    volume.set(has_users="f")
    assert volume.run("backup.sh").returncode == 0
    assert volume.names() > {*others, new_part} and part not in volume.names()
    assert len(volume.names()) == len(others) + 2, "no first backup, for there are some of another release"


def test_a_restore_takes_the_newest_backup_of_its_own_release(volume):
    newest, _ = volume.add(2, 3)
    volume.add(1, release="people.staff")
    done = volume.run("restore.sh")
    assert done.returncode == 0, done.stderr
    assert f"{newest} restored: 2 users" in done.stdout
    assert (volume.state / "restores").read_text().strip().endswith(newest)


def test_a_restore_without_a_backup_of_its_own_is_refused(volume):
    volume.add(1, release="people.staff")
    done = volume.run("restore.sh")
    assert done.returncode == 78 and f"there is no backup of {RELEASE} in " in done.stderr


def test_a_restore_without_room_is_refused_before_it_begins(volume):
    [backup] = volume.add(1)
    # Twice the backup, and the log.
    needed = 2 * len("older") + 1000
    volume.set(free=str(needed - 1))
    done = volume.run("restore.sh")
    assert done.returncode == 78 and f"{backup} needs about" in done.stderr and "not changed" in done.stderr
    assert "DATABASE" not in volume.statements() and not (volume.state / "restores").exists()
    volume.set(free=str(needed))
    assert volume.run("restore.sh").returncode == 0
