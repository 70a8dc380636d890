"""Of a picture with faults both browsers show what is kept of it."""

import base64
import json
import pathlib
import subprocess

import pytest
from images import others
from programs import BROWSERS, in_browser
from support.paths import BINARIES


# Firefox applies a profile whose checksum is wrong, which Chromium and libpng ignore.
OTHERWISE = {"firefox": {"png-wrong-profile"}, "chrome": set()}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Files with faults, and what is kept of each."""
    folder = tmp_path_factory.mktemp("pictures")
    files = {name: folder / name for name, *_ in others.lenient()}
    for name, data, _ in others.lenient():
        files[name].write_bytes(data)
    names = "\n".join(map(str, files.values()))
    said = subprocess.run([BINARIES / "examples/parity"], input=names, stdout=subprocess.PIPE, check=True, text=True).stdout
    assert all(line.endswith("\ttaken") for line in said.splitlines()), said
    return {name: (path.read_bytes(), pathlib.Path(f"{path}.kept").read_bytes()) for name, path in files.items()}


def data_url(data):
    kind = {b"RIFF": "webp", b"GIF8": "gif"}.get(data[:4], "png")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_browser_shows_the_original_as_what_is_kept(browser, kept, tmp_path):
    pairs = [list(map(data_url, both)) for both in kept.values()]
    (tmp_path / "pairs").write_text(json.dumps(pairs))
    outcomes = dict(zip(kept, in_browser(browser, "pictures.js", str(tmp_path / "pairs")), strict=True))
    print(browser, outcomes)
    assert {name for name, outcome in outcomes.items() if outcome != "same"} == OTHERWISE[browser]
