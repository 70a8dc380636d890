"""Compares the images that Roster keeps and renders of some thousand generated files with the output of other decoders: the example
`parity` of the crate `imaging`, with libjpeg, libpng, libwebp and the formulas of the PNG specification."""

import collections
import io
import pathlib
import subprocess

import jpegs
import numpy
import others
from PIL import Image
from support.paths import BINARIES

UPRIGHT = {
    1: lambda shown: shown,
    2: lambda shown: shown[:, ::-1],
    3: lambda shown: shown[::-1, ::-1],
    4: lambda shown: shown[::-1],
    5: lambda shown: shown.transpose(1, 0, 2),
    6: lambda shown: shown[::-1].transpose(1, 0, 2),
    7: lambda shown: shown[::-1, ::-1].transpose(1, 0, 2),
    8: lambda shown: shown[:, ::-1].transpose(1, 0, 2),
}

# Allowed difference of a rendition, in steps of 255: JPEGs are transformed and upsampled by libjpeg itself, so nothing is
# rounded; colours are converted by 8-bit tables; colours are multiplied and divided by opacity; and the chroma of a lossy
# WebP is upsampled with other rounding rules.
SAME, CONVERTED, LOSSY = 1, 5, 8
# Versions of libjpeg smooth missing coefficients of a progressive file differently.
SMOOTHED = 12
# Turning re-encodes at quality 90: no pixel may be far off, and the mean hardly at all.
TURNED, TURNED_MEAN = 75, 5.0
# The least number of files of each kind, so that a generator that makes none fails.
LEAST = {"jpeg": 900, "png": 250, "gif": 40, "webp": 24, "lenient": 31, "refused": 29}


def rgba(image):
    return numpy.array(image.convert("RGBA"))


def of_jpeg(jpeg):
    """Pixels as libjpeg decodes them; None if it refuses."""
    pixels = jpegs.djpeg(jpeg)
    if pixels:
        return rgba(Image.open(io.BytesIO(pixels)))
    image = Image.open(io.BytesIO(jpeg))
    inks = numpy.array(image).astype(int)  # Pillow undoes the inversion that Adobe's files have.
    light = (255 - inks[..., :3]) * (255 - inks[..., 3:]) // 255
    return numpy.dstack([light.astype(numpy.uint8), numpy.full(light.shape[:2], 255, numpy.uint8)])


def middle(shown):
    height, width = shown.shape[:2]
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return shown[top : top + side, left : left + side]


def difference(left, right):
    """The largest and the mean difference; colours are weighted by opacity."""
    if left.shape != right.shape:
        return 255, 255.0
    weight = right[..., 3:].astype(float) / 255
    colours = numpy.abs(left[..., :3].astype(int) - right[..., :3].astype(int)) * weight
    opacity = numpy.abs(left[..., 3].astype(int) - right[..., 3].astype(int))
    return max(colours.max(), opacity.max()), colours.mean()


def same(left, right):
    return left is not None and right is not None and numpy.array_equal(left, right)


def cases():
    """Kind, name, bytes, pixels, allowed difference of a rendition, and whether it is turned."""
    for source in (jpegs.grid, jpegs.rare):
        for name, jpeg, orientation in source():
            allowed = SMOOTHED if name.startswith("dc-only") else SAME
            yield "jpeg", name, jpeg, UPRIGHT[orientation](of_jpeg(jpeg)), allowed, orientation != 1
    for name, png, pixels in others.pngs():
        yield "png", name, png, pixels, CONVERTED, False
    for name, gif, pixels in others.gifs():
        yield "gif", name, gif, pixels, SAME, False
    for name, webp, pixels in others.webps():
        yield "webp", name, webp, pixels, LOSSY, "-1-" not in name[3:]
    for name, data, pixels in others.lenient():
        yield "lenient", name, data, pixels, SAME, False


def test_kept_files_and_renditions_show_what_other_decoders_show(tmp_path):
    wrong, counts = [], collections.Counter()
    expected, rules = {}, {}
    for kind, name, data, *rest in cases():
        path = tmp_path / f"{kind}-{name}.{kind}"
        path.write_bytes(data)
        expected[path] = (kind, data, *rest)
    for name, data, rule, _ in (*jpegs.refused(), *others.refused()):
        path = tmp_path / f"refused-{name}"
        path.write_bytes(data)
        rules[path] = rule
    answers = answers_of([*expected, *rules])
    for path, rule in rules.items():
        counts["refused"] += 1
        if rule not in answers[str(path)]:
            wrong.append(f"{path.name}: must be refused with {rule!r}, but is: {answers[str(path)]}")
    for path, (kind, data, pixels, allowed, turned) in expected.items():
        counts[kind] += 1
        if answers[str(path)] != "taken":
            wrong.append(f"{path.name}: refused: {answers[str(path)]}")
            continue
        wrong += [f"{path.name}: {fault}" for fault in faults(path, kind, data, pixels, allowed, turned)]
    print(f"{sum(counts.values())} files ({', '.join(f'{count} {kind}' for kind, count in counts.items())}): {len(wrong)} faults")
    assert not wrong, "\n".join(wrong)
    missing = {kind: least - counts[kind] for kind, least in LEAST.items() if counts[kind] < least}
    assert not missing, f"too few files: {missing}"


def answers_of(paths):
    """`taken`, or the rule that refuses it, for each file."""
    program = BINARIES / "examples/parity"
    said = subprocess.run([program], input="\n".join(map(str, paths)), stdout=subprocess.PIPE, check=True, text=True).stdout
    return dict(line.split("\t") for line in said.splitlines())


def faults(path, kind, data, pixels, allowed, turned):
    encoded_anew = turned and kind in ("jpeg", "webp")
    for name, most in (("uploaded", allowed), ("rendered", TURNED if encoded_anew else allowed)):
        off, mean = difference(rgba(Image.open(f"{path}.{name}.png")), middle(pixels))
        if off > most:
            yield f"the square of the {name} image is {off:.0f} off, {mean:.2f} in the mean"
    kept = pathlib.Path(f"{path}.kept").read_bytes()
    if kind == "jpeg":
        off, mean = difference(of_jpeg(kept), pixels)
        most = (TURNED, TURNED_MEAN) if turned else (0, 0.0)
        if off > most[0] or mean > most[1]:
            yield f"the kept file is {off:.0f} off, {mean:.2f} in the mean"
    elif kind in ("gif", "lenient"):
        if difference(rgba(Image.open(io.BytesIO(kept))), pixels)[0] > 0:
            yield "the kept file has other pixels"
    elif kind in ("png", "webp") and not turned:
        original = Image.open(io.BytesIO(data))
        if difference(rgba(Image.open(io.BytesIO(kept))), rgba(original))[0] > 0:
            yield "the kept file has other pixels"
    if kept.startswith(others.SIGNATURE) and kind in ("png", "gif", "lenient"):
        expected = others.libpng(data) if kind == "png" else pixels
        if not same(others.libpng(kept), expected):
            yield "libpng shows other pixels of the kept file"
    # libpng knows no animations.
    still = data.startswith(others.SIGNATURE) and "hidden-default" not in path.name
    if still and kind == "lenient" and not same(others.libpng(data), pixels):
        yield "libpng shows other pixels of the file"
    if any(secret in kept for secret in (b"Exif", b"EXIF", b"eXIf", b"SEFT")):
        yield "the kept file has metadata"
