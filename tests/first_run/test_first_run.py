"""The program that the README's first command builds serves, and refuses settings for which it lacks a feature."""

import os
import subprocess

import pytest
from support import roster
from support.forms import multipart
from support.paths import BINARIES, ROOT, SAMPLES


@pytest.fixture(autouse=True)
def release(monkeypatch):
    monkeypatch.setattr(roster, "ROSTER", BINARIES.parent / "release/roster")


@pytest.fixture
def settings(tmp_path):
    return {**os.environ, **roster.LOOPBACK, "ROSTER_STORAGE": f"sqlite:{tmp_path}/roster.db"}


def test_it_stores_and_renders_a_picture(settings, tmp_path):
    with roster.Api(environment=settings, log=tmp_path / "log") as api:
        portrait = (SAMPLES / "portrait.jpg").read_bytes()
        user = api.ask("POST", "/user", 201, *multipart("Ada", "ada@example.org", portrait, "image/jpeg"))
        path = user["avatar_url"].removeprefix(settings["ROSTER_PUBLIC_URL"])
        assert api.answer("GET", path)[:2] == (200, "image/jpeg")
        assert api.answer("GET", f"{path}?size=64")[0] == 200
        assert [user["email"] for user in api.ask("GET", "/users", 200)] == ["ada@example.org"]
        api.end()


@pytest.mark.parametrize(
    ("feature", "setting", "others"),
    [
        ("aws", "ROSTER_STORAGE", {"ROSTER_STORAGE": "aws", "ROSTER_USERS_TABLE": "users", "ROSTER_AVATARS_BUCKET": "avatars", "ROSTER_ENVIRONMENT": "dev"}),
        ("oidc", "ROSTER_AUTH", {"ROSTER_AUTH": "oidc", "ROSTER_AUTH_ISSUER": "https://issuer.example.org", "ROSTER_AUTH_AUDIENCE": "roster"}),
        ("otlp", "OTEL_EXPORTER_OTLP_ENDPOINT", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}),
    ],
)
def test_it_refuses_a_setting_without_its_feature(feature, setting, others, settings, tmp_path):
    ended = roster.run("serve", environment={**settings, **others})
    assert ended.returncode == 64, ended.stderr
    expected = f"roster: {setting}: this program was built without {feature}: build it with `--features {feature}`, or use the container image\n"
    assert ended.stderr == expected
    assert not list(tmp_path.glob("*.db")), "it opened the store first"


def test_it_compiles_few_packages():
    """Each takes a second or two of the 420 s of CPU that two cores have in less than four minutes: CONTRIBUTING.md."""
    tree = subprocess.run(["cargo", "tree", "--edges", "normal,build", "--prefix", "none"], cwd=ROOT, capture_output=True, text=True, check=True)
    packages = {line.removesuffix(" (*)") for line in tree.stdout.splitlines()}
    assert len(packages) <= 200, "\n".join(sorted(packages))


@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_an_endpoint_of_traces_that_are_off_is_no_reason_to_refuse(off, settings, tmp_path):
    with roster.Api(environment={**settings, **off, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, log=tmp_path / "log") as api:
        assert api.answer("GET", "/healthz")[0] == 200
        api.end()
