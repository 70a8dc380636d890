"""Pictures with faults, as both browsers show them: what is kept as the original, and no refused file as an intact one by all viewers."""

import base64
import io
import json
import subprocess

import pytest
from images import jpegs, others
from PIL import Image
from programs import BROWSERS, in_browser
from support.paths import BINARIES

# What a browser shows otherwise, though all pixels are there (docs/images.md): without an end the last rows are missing, and of a WebP
# whose container ends before the padding nothing is shown.
INCOMPLETE = {"jpeg-no-eoi", "jpeg-no-eoi-turned6", "jpeg-progressive-no-eoi", "webp-padding-outside"}
# Firefox applies a profile whose checksum is wrong, which Chromium and libpng ignore.
OTHERWISE = {"chrome": INCOMPLETE, "firefox": INCOMPLETE | {"png-wrong-profile"}}
# Turning re-encodes a JPEG at quality 90 (tests/images/test_parity.py): no sample may be far off, and the mean hardly at all.
TURNED, TURNED_MEAN = 75, 5.0
# The viewers that show a refused file as the intact one that it was made of.
INTACT = {
    "jpeg-arithmetic": {"chrome", "reference", "pillow"},
    "jpeg-twice": {"chrome"},
    "jpeg-100-scans": {"firefox", "reference", "pillow"},
    # libjpeg warns.
    "jpeg-higher-first": {"chrome", "firefox", "pillow"},
    "png-wrong-data": {"chrome", "firefox", "pillow"},
    "png-no-checksum": {"chrome", "pillow"},
    "png-wrong-checksum": {"chrome"},
    "gif-no-colours": {"chrome"},
    **{f"webp-size-{off}-{lossless}": {"firefox"} for off in (1, 2, 99, 2**31) for lossless in (True, False)},
}


def answers(files, folder):
    """`taken`, or the rule that refuses it, for each file; what is kept is written beside it."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    names = "\n".join(str(folder / name) for name in files)
    said = subprocess.run([BINARIES / "examples/parity"], input=names, stdout=subprocess.PIPE, check=True, text=True).stdout
    return dict(zip(files, (line.split("\t")[1] for line in said.splitlines()), strict=True))


def data_url(data):
    kind = {b"RIFF": "webp", b"GIF8": "gif", b"\x89PNG": "png"}.get(data[:4], "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def differences(browser, pairs, folder):
    """For each name and two files how far apart a browser shows them, or why it does not."""
    (folder / "pairs").write_text(json.dumps([list(map(data_url, pair)) for pair in pairs.values()]))
    return dict(zip(pairs, in_browser(browser, "pictures.js", str(folder / "pairs")), strict=True))


def same(difference, most=0, mean=0.0):
    return isinstance(difference, dict) and difference["most"] <= most and difference["mean"] <= mean


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Files with faults, or of a rare kind, each with what is kept of it."""
    folder = tmp_path_factory.mktemp("taken")
    files = {f"jpeg-{name}": data for name, data, _ in jpegs.rare()} | {name: data for name, data, _ in others.lenient()}
    said = answers(files, folder)
    assert set(said.values()) == {"taken"}, said
    return {name: (data, (folder / f"{name}.kept").read_bytes()) for name, data in files.items()}


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_browser_shows_the_original_as_what_is_kept(browser, kept, tmp_path):
    outcomes = differences(browser, kept, tmp_path)
    allowed = {name: (TURNED, TURNED_MEAN) if "-turned" in name else () for name in kept}
    otherwise = {name: outcome for name, outcome in outcomes.items() if not same(outcome, *allowed[name])}
    print(f"{browser}: {len(outcomes)} files that are taken; otherwise: {otherwise}")
    assert otherwise.keys() == OTHERWISE[browser]


def by_pillow(data):
    """The pixels, or None if it refuses."""
    try:
        return Image.open(io.BytesIO(data)).convert("RGBA").tobytes()
    except (OSError, SyntaxError):
        return None


def by_reference(data):
    """The same by libjpeg with warnings as errors, which is how Roster has it; by libpng; or by libwebp, which Pillow has. GIF has no such
    decoder."""
    if data.startswith(b"\xff\xd8"):
        return jpegs.djpeg(data, "-strict")
    if data.startswith(others.SIGNATURE):
        pixels = others.libpng(data)
        return None if pixels is None else pixels.tobytes()
    return by_pillow(data)


def test_no_file_is_refused_that_both_browsers_and_the_reference_decoder_show_intact(tmp_path):
    refused = {f"jpeg-{name}": rest for name, *rest in jpegs.refused()} | {name: rest for name, *rest in others.refused()}
    said = answers({name: data for name, (data, _, _) in refused.items()}, tmp_path)
    assert not {name for name, (_, rule, _) in refused.items() if rule not in said[name]}, said

    pairs = {name: (data, intact) for name, (data, _, intact) in refused.items()}
    seen = {name: set() for name in refused}
    for browser in BROWSERS:
        outcomes = differences(browser, pairs, tmp_path)
        for name in filter(lambda name: same(outcomes[name]), refused):
            seen[name].add(browser)
    for viewer, decoder in {"reference": by_reference, "pillow": by_pillow}.items():
        for name, (data, intact) in pairs.items():
            if (shown := decoder(data)) and shown == decoder(intact):
                seen[name].add(viewer)
    print(f"{len(seen)} files that are refused; shown intact by: {seen}")
    assert not {name for name, viewers in seen.items() if viewers >= {*BROWSERS, "reference"}}
    assert {name: viewers for name, viewers in seen.items() if viewers} == INTACT
