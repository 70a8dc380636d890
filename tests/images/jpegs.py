"""JPEGs in every form that libjpeg reads: sampling, scans, colour markers, orientation, and rare variants."""

import io
import itertools
import pathlib
import subprocess
import tempfile

from PIL import Image

SAMPLINGS = {
    "444": "1x1,1x1,1x1",
    "422": "2x1,1x1,1x1",
    "440": "1x2,1x1,1x1",
    "420": "2x2,1x1,1x1",
    "411": "4x1,1x1,1x1",
    "3x1": "3x1,1x1,1x1",
    "luma-below-chroma": "1x1,2x2,1x1",
    "mixed": "2x2,2x1,1x2",
}
BASELINE = {
    "together": None,
    "one-by-one": "0;\n1;\n2;\n",
    "luma-first": "0;\n1 2;\n",
    "luma-last": "1;\n2;\n0;\n",
}
PROGRESSIVE = {
    "spectral": "0 1 2: 0-0,0,0;\n0: 1-63,0,0;\n1: 1-63,0,0;\n2: 1-63,0,0;\n",
    "successive": "0 1 2: 0-0,0,1;\n2: 1-63,0,1;\n1: 1-63,0,1;\n0: 1-5,0,2;\n0: 6-63,0,2;\n0: 1-63,2,1;\n"
    "0 1 2: 0-0,1,0;\n2: 1-63,1,0;\n1: 1-63,1,0;\n0: 1-63,1,0;\n",
}
JFIF = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
MARKERS = {
    "jfif": (JFIF, b"\1\2\3"),
    "none": (b"", b"\1\2\3"),
    "other-ids": (b"", b"\x07\x05\x09"),
    "adobe1": ("adobe", 1, b"\1\2\3"),
    "adobe0": ("adobe", 0, b"\1\2\3"),
    "adobe7": ("adobe", 7, b"\1\2\3"),
    "jfif-adobe0": ("jfif adobe", 0, b"\1\2\3"),
    "rgb-ids": (b"", b"RGB"),
    "rgb-ids-jfif": (JFIF, b"RGB"),
    "rgb-ids-adobe1": ("adobe", 1, b"RGB"),
}


def adobe(transform):
    return b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])


def exif(orientation):
    tiff = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0" + bytes([orientation, 0, 0, 0, 0, 0, 0, 0])
    return b"\xff\xe1" + (len(tiff) + 8).to_bytes(2, "big") + b"Exif\0\0" + tiff


def picture(width=45, height=35, edges=24):
    """Smooth colours with edges: lost or misplaced chroma is visible."""
    shown = Image.new("RGB", (width, height))
    for x, y in itertools.product(range(width), range(height)):
        edge = edges if (x // 9 + y // 7) % 2 else 0
        shown.putpixel((x, y), (x * 165 // width + edge, y * 165 // height + edge, 255 - (x + y) * 255 // (width + height)))
    return shown


def cjpeg(shown, *options, script=None):
    ppm = io.BytesIO()
    shown.save(ppm, "PPM")
    with tempfile.NamedTemporaryFile("w") as scans:
        if script:
            scans.write(script)
            scans.flush()
            options += ("-scans", scans.name)
        return subprocess.run(["cjpeg", "-quality", "90", *options], input=ppm.getvalue(), stdout=subprocess.PIPE, check=True).stdout


def djpeg(jpeg, *options):
    """The pixels as libjpeg decodes them, as a PPM or PGM; empty if it refuses. djpeg exits with 2 if it only warns."""
    shown = subprocess.run(["djpeg", "-pnm", *options], input=jpeg, capture_output=True, check=False)
    return shown.stdout if shown.returncode in (0, 2) else b""


def segments(jpeg):
    """Marker, data and, after a scan's header, its coded data."""
    at = 2
    while jpeg[at + 1] != 0xD9:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        data, coded = jpeg[at + 4 : end], end
        if jpeg[at + 1] == 0xDA:
            while jpeg[end] != 0xFF or jpeg[end + 1] in (0, *range(0xD0, 0xD8)):
                end += 1
        yield jpeg[at + 1], data, jpeg[coded:end]
        at = end


def joined(parts):
    out = b"\xff\xd8"
    for marker, data, coded in parts:
        out += bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data + coded
    return out + b"\xff\xd9"


def marked(jpeg, prefix, ids):
    """With other application segments and component ids."""
    before = [data[6 + 3 * index] for marker, data, _ in segments(jpeg) if marker in (0xC0, 0xC1, 0xC2) for index in range(data[5])]
    parts = []
    for marker, data, coded in segments(jpeg):
        if marker in (0xE0, 0xEE):
            continue
        data = bytearray(data)
        if marker in (0xC0, 0xC1, 0xC2):
            for index, own in enumerate(ids):
                data[6 + 3 * index] = own
        if marker == 0xDA:
            for index in range(data[0]):
                data[1 + 2 * index] = ids[before.index(data[1 + 2 * index])]
        parts.append((marker, bytes(data), coded))
    whole = joined(parts)
    return whole[:2] + prefix + whole[2:]


def prefix_and_ids(markers):
    if markers[0] == "adobe":
        return adobe(markers[1]), markers[2]
    if markers[0] == "jfif adobe":
        return JFIF + adobe(markers[1]), markers[2]
    return markers


def grid():
    """Name, bytes and orientation of all combinations."""
    shown = picture()
    scripts = {**BASELINE, **PROGRESSIVE}
    for (sampling, factors), (scans, script) in itertools.product(SAMPLINGS.items(), scripts.items()):
        options = ("-progressive",) if scans in PROGRESSIVE else ()
        plain = cjpeg(shown, "-sample", factors, *options, script=script)
        for index, (name, markers) in enumerate(MARKERS.items()):
            jpeg = marked(plain, *prefix_and_ids(markers))
            yield f"{sampling}-{scans}-{name}", jpeg, 1
            turn = 2 + (index + len(scans)) % 7
            yield f"{sampling}-{scans}-{name}-turned{turn}", jpeg[:2] + exif(turn) + jpeg[2:], turn


def without(jpeg, unwanted):
    return joined(part for part in segments(jpeg) if part[0] != unwanted)


def repeated_ids(jpeg):
    count = next(data[5] for marker, data, _ in segments(jpeg) if marker in (0xC0, 0xC1))
    parts = []
    for marker, data, coded in segments(jpeg):
        data = bytearray(data)
        if marker in (0xC0, 0xC1):
            data[6 : 6 + 3 * count : 3] = bytes([1] * count)
        if marker == 0xDA:
            data[1 : 1 + 2 * count : 2] = bytes([1] * count)
        parts.append((marker, bytes(data), coded))
    return joined(parts)


def in_scans(shown, count):
    """A progressive file whose last scan is repeated until there are this many: no pixel changes."""
    parts = list(segments(cjpeg(shown, "-progressive", script=PROGRESSIVE["spectral"])))
    missing = count - sum(part[0] == 0xDA for part in parts)
    return joined(parts + [parts[-1]] * missing)


def refined_first(progressive):
    """Each scan of higher coefficients refines them, and none begins them."""
    change = lambda marker, data: data[:-1] + b"\x10" if marker == 0xDA and data[-3] > 0 else data
    return joined((marker, change(marker, data), coded) for marker, data, coded in segments(progressive))


def inks(quality=90):
    out = io.BytesIO()
    picture().convert("CMYK").save(out, "JPEG", quality=quality)
    return out.getvalue()


def rare():
    """Name, bytes, orientation: variants that encoders rarely write."""
    shown = picture()
    plain = cjpeg(shown, "-sample", "2x2,1x1,1x1")
    height = shown.height.to_bytes(2, "big")
    trailer = b"SEFT\0\xff\xd0maker\xff\0\xff\xe5\0\4xx" * 3
    forms = {
        "no-dht": without(plain, 0xC4),
        "no-eoi": plain[:-2],
        "no-eoi-trailer": plain[:-2] + trailer,
        "trailer": plain + trailer,
        "dnl": plain[:-2] + b"\xff\xdc\0\4" + height + plain[-2:],
        "repeated-ids": repeated_ids(plain),
        "restarts": cjpeg(shown, "-restart", "1B"),
        "restarts-progressive": cjpeg(shown, "-restart", "2B", "-progressive"),
        "grey": cjpeg(shown, "-grayscale"),
        "grey-progressive": cjpeg(shown, "-grayscale", "-progressive"),
        "optimized": cjpeg(shown, "-optimize"),
        "jfif-version-2": plain.replace(b"JFIF\0\1", b"JFIF\0\2"),
        "scan-of-zeros": plain.replace(b"\x11\3\x11\0\x3f\0", b"\x11\3\x11\0\0\0"),
        "dc-only": joined(part for part in segments(cjpeg(shown, "-progressive", script=PROGRESSIVE["spectral"])) if part[0] != 0xDA or part[1][-3] == 0),
        "33-scans": in_scans(shown, 33),
        "99-scans": in_scans(shown, 99),
        "progressive-no-eoi": cjpeg(shown, "-progressive")[:-2],
        "cmyk": inks(),
        "cmyk-repeated-ids": repeated_ids(inks()),
    }
    for name, jpeg in forms.items():
        yield name, jpeg, 1
        yield f"{name}-turned6", jpeg[:2] + exif(6) + jpeg[2:], 6


def refused():
    """Name, bytes and rule of refused files, and the intact file that each was made of."""
    shown = picture()
    plain, progressive = cjpeg(shown), cjpeg(shown, "-progressive")
    separate, spectral = cjpeg(shown, script=BASELINE["one-by-one"]), cjpeg(shown, "-progressive", script=PROGRESSIVE["spectral"])
    yield "truncated", plain[: len(plain) * 2 // 3], "damaged or truncated", plain
    yield "truncated-with-end", plain[: len(plain) * 2 // 3] + b"\xff\xd9", "damaged or truncated", plain
    yield "truncated-progressive", progressive[: len(progressive) * 2 // 3], "truncated", progressive
    yield "truncated-progressive-with-end", progressive[: len(progressive) * 2 // 3] + b"\xff\xd9", "damaged or truncated", progressive
    yield "scan-missing", joined(list(segments(separate))[:-1]), "a component is missing", separate
    yield "arithmetic", cjpeg(shown, "-arithmetic"), "arithmetic-coded", plain
    yield "lossless", plain.replace(b"\xff\xc0", b"\xff\xc3"), "lossless", plain
    yield "twice", joined(list(segments(plain)) + [part for part in segments(plain) if part[0] == 0xDA]), "a duplicate component", plain
    yield "100-scans", in_scans(shown, 100), "too many scans", spectral
    yield "refined-first", refined_first(progressive), "invalid order", progressive
    higher_first = sorted(segments(spectral), key=lambda part: part[0] == 0xDA and part[1][-3] == 0)
    yield "higher-first", joined(higher_first), "invalid order", spectral


def write_samples(folder: pathlib.Path):
    """Writes small files of each kind, and their pixels as libjpeg decodes them, for tests that need no other tool."""
    shown = picture(29, 21, 90)
    plain = cjpeg(shown, "-sample", "2x2,1x1,1x1")
    kinds = {
        "one-by-one": cjpeg(shown, "-sample", "2x2,1x1,1x1", script=BASELINE["one-by-one"]),
        "luma-first": cjpeg(shown, "-sample", "2x2,1x1,1x1", script=BASELINE["luma-first"]),
        "luma-last": cjpeg(shown, "-sample", "2x2,1x1,1x1", script=BASELINE["luma-last"]),
        "jfif-adobe0": marked(plain, JFIF + adobe(0), b"\1\2\3"),
        "rgb-ids-jfif": marked(plain, JFIF, b"RGB"),
        "rgb-ids-adobe1": marked(plain, adobe(1), b"RGB"),
        "rgb-ids": marked(plain, b"", b"RGB"),
        "adobe7": marked(plain, adobe(7), b"\1\2\3"),
        "luma-below-chroma": cjpeg(shown, "-sample", SAMPLINGS["luma-below-chroma"]),
        "luma-below-chroma-progressive": cjpeg(shown, "-progressive", "-sample", SAMPLINGS["luma-below-chroma"]),
        "factor-3": cjpeg(shown, "-sample", SAMPLINGS["3x1"]),
        "no-dht": without(plain, 0xC4),
        "no-eoi-trailer": plain[:-2] + b"SEFT\0\xff\xd0maker\xff\0\xff\xe5\0\4xx",
        "dnl": plain[:-2] + b"\xff\xdc\0\4" + shown.height.to_bytes(2, "big") + plain[-2:],
        "repeated-ids": repeated_ids(plain),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, jpeg in kinds.items():
        (folder / f"{name}.jpg").write_bytes(jpeg)
        (folder / f"{name}.ppm").write_bytes(djpeg(jpeg))


if __name__ == "__main__":
    write_samples(pathlib.Path("shared/imaging/tests/libjpeg"))
