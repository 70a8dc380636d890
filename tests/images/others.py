"""PNG, GIF and WebP, each with the pixels that browsers show: RGBA, upright."""

import io
import itertools
import re
import subprocess
import zlib

import numpy
from PIL import Image

SRGB = ((0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3 = ((0.3127, 0.3290), (0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
WIDE = ((0.3127, 0.3290), (0.70, 0.29), (0.17, 0.75), (0.13, 0.05))
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def to_xyz(chromaticities):
    """The matrix from linear light of these primaries to XYZ."""
    (wx, wy), *primaries = chromaticities
    columns = numpy.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    return columns * numpy.linalg.solve(columns, numpy.array([wx / wy, 1, (1 - wx - wy) / wy]))


def srgb_to_light(samples):
    return numpy.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def shown(rgba, chromaticities, to_light):
    """Converts to sRGB; all primaries used here have the same white point."""
    light = to_light(rgba[..., :3] / 255.0) @ (numpy.linalg.inv(to_xyz(SRGB)) @ to_xyz(chromaticities)).T
    light = numpy.clip(light, 0, 1)
    samples = numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return numpy.dstack([numpy.rint(samples * 255).astype(numpy.uint8), rgba[..., 3]])


def power(exponent):
    return lambda samples: samples**exponent


def chunk(name, data):
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def gama(gamma):
    return chunk(b"gAMA", round(gamma * 100_000).to_bytes(4, "big"))


def chrm(chromaticities):
    return chunk(b"cHRM", b"".join(round(value * 100_000).to_bytes(4, "big") for point in chromaticities for value in point))


def icc(chromaticities, exponent):
    """A matrix and curve profile (ICC.1), adapted to D50 by Bradford."""
    bradford = numpy.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    (wx, wy), d50 = chromaticities[0], numpy.array([0.9642, 1, 0.8249])
    scale = (bradford @ d50) / (bradford @ numpy.array([wx / wy, 1, (1 - wx - wy) / wy]))
    adapted = numpy.linalg.inv(bradford) @ numpy.diag(scale) @ bradford @ to_xyz(chromaticities)
    fixed = lambda value: round(value * 65536).to_bytes(4, "big", signed=True)
    xyz = lambda values: b"XYZ \0\0\0\0" + b"".join(map(fixed, values))
    curve = b"curv\0\0\0\0\0\0\0\1" + round(exponent * 256).to_bytes(2, "big") + b"\0\0"
    tags = {b"wtpt": xyz(d50), b"rXYZ": xyz(adapted[:, 0]), b"gXYZ": xyz(adapted[:, 1]), b"bXYZ": xyz(adapted[:, 2])}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body = len(tags).to_bytes(4, "big"), b""
    for name, data in tags.items():
        table += name + (132 + 12 * len(tags) + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    header = bytearray(128)
    header[:4] = (128 + len(table) + len(body)).to_bytes(4, "big")
    header[8:12], header[12:24], header[36:40] = b"\2\x10\0\0", b"mntrRGB XYZ ", b"acsp"
    header[68:80] = b"".join(map(fixed, d50))
    return bytes(header) + table + body


def iccp(profile):
    return chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))


COLOURS = {
    "plain": (b"", None),
    "gamma-1": (gama(1.0), (SRGB, power(1.0))),
    "gamma-45455": (gama(0.45455), (SRGB, power(2.2))),
    "wide-gamma": (gama(0.55556) + chrm(WIDE), (WIDE, power(1.8))),
    "wide": (chrm(WIDE), (WIDE, srgb_to_light)),
    "srgb-over-gamma": (gama(1.0) + chrm(WIDE) + chunk(b"sRGB", b"\0"), None),
    "p3-points": (chunk(b"cICP", b"\x0c\x0d\0\1"), (P3, srgb_to_light)),
    "srgb-points-over-gamma": (chunk(b"cICP", b"\1\x0d\0\1") + gama(1.0), None),
    "narrow-points": (chunk(b"cICP", b"\x0c\x0d\0\0"), None),
    "profile": (iccp(icc(P3, 1.8)), (P3, power(1.8))),
    "profile-over-gamma": (iccp(icc(P3, 1.8)) + gama(1.0) + chrm(WIDE), (P3, power(1.8))),
    "points-over-profile": (chunk(b"cICP", b"\x0c\x0d\0\1") + iccp(icc(WIDE, 1.0)), (P3, srgb_to_light)),
}


def packed(samples, depth):
    """Rows of samples as a PNG stores them, each with its filter."""
    out = b""
    for row in samples.reshape(samples.shape[0], -1):
        bits = "".join(format(int(sample), f"0{depth}b") for sample in row)
        bits += "0" * (-len(bits) % 8)
        out += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return out


def libpng(png):
    """The pixels as libpng decodes them, RGBA, with 8 bits and before colours are converted; None where a row is missing or damaged."""
    shown = subprocess.run(["pngtopam", "-alphapam"], input=png, capture_output=True, check=False).stdout
    if not shown:
        return None
    head, samples = shown.split(b"ENDHDR\n", 1)
    width, height, depth, most = (int(re.search(rf"{name} (\d+)".encode(), head)[1]) for name in ("WIDTH", "HEIGHT", "DEPTH", "MAXVAL"))
    samples = numpy.frombuffer(samples, ">u2" if most > 255 else "u1").reshape(height, width, depth).astype(int)
    samples = samples >> 8 if most > 255 else samples * 255 // most
    return samples[..., [0, 0, 0, 1] if depth == 2 else slice(None)].astype(numpy.uint8)


def pngs():
    """Name, bytes, pixels."""
    random, width, height = numpy.random.default_rng(13), 29, 21
    for (colour, depths), interlace in itertools.product(DEPTHS.items(), (0, 1)):
        for depth, (name, (chunks, meaning)) in itertools.product(depths, COLOURS.items()):
            if name.startswith(("profile", "points-over")) and colour in (0, 4):
                continue
            samples = random.integers(0, 2**depth, (height, width, SAMPLES[colour]), endpoint=False)
            extra, table = b"", random.integers(0, 256, (2**depth if depth < 9 else 0, 4), dtype=numpy.uint8)
            if colour == 3:
                table[3:, 3] = 255
                extra = chunk(b"PLTE", table[:, :3].tobytes()) + chunk(b"tRNS", table[:3, 3].tobytes())
                rgba = table[samples[..., 0]]
            else:
                eight = samples >> 8 if depth == 16 else samples * 255 // (2**depth - 1)
                grey = eight[..., [0, 0, 0]] if colour in (0, 4) else eight[..., :3]
                alpha = eight[..., -1:] if colour in (4, 6) else numpy.full((height, width, 1), 255)
                rgba = numpy.dstack([grey, alpha]).astype(numpy.uint8)
            if interlace:
                passes = (samples[y::down, x::across] for x, y, across, down in PASSES)
                data = b"".join(packed(one, depth) for one in passes if one.size)
            else:
                data = packed(samples, depth)
            header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, colour, 0, 0, interlace])
            png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks + extra
            png += chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
            yield f"{colour}-{depth}-{interlace}-{name}", png, shown(rgba, *meaning) if meaning else rgba


def sub_blocks(data):
    return b"".join(bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255)) + b"\0"


def lzw(indices):
    """Uncompressed codes of 9 bits, which do not depend on the decoder's table."""
    codes = [256]
    for at in range(0, len(indices), 200):
        codes += [*map(int, indices[at : at + 200]), 256]
    value = sum(code << (9 * place) for place, code in enumerate([*codes, 257]))
    return b"\x08" + sub_blocks(value.to_bytes((9 * (len(codes) + 1) + 7) // 8, "little"))


def gifs():
    """Name, bytes, pixels: the screen grows to the first frame."""
    random, width, height = numpy.random.default_rng(14), 25, 18
    screens = {"same": (width, height), "zero": (0, 0), "smaller": (10, 12), "narrow": (10, 40), "larger": (40, 30)}
    for (name, screen), place, interlaced, clear in itertools.product(screens.items(), ((0, 0), (3, 2)), (0, 1), (0, 1)):
        table = random.integers(0, 256, (256, 3), dtype=numpy.uint8)
        indices = random.integers(0, 256, (height, width))
        order = [row for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for row in range(start, height, step)]
        stored = indices[order] if interlaced else indices
        side = lambda value: int(value).to_bytes(2, "little")
        gif = b"GIF89a" + side(screen[0]) + side(screen[1]) + b"\xf7\0\0" + table.tobytes()
        gif += b"!\xf9\x04" + bytes([clear, 0, 0, 7]) + b"\0"
        gif += b"," + b"".join(map(side, (*place, width, height))) + bytes([0x40 * interlaced]) + lzw(stored.ravel()) + b";"
        canvas = numpy.zeros((max(screen[1], place[1] + height), max(screen[0], place[0] + width), 4), numpy.uint8)
        frame = numpy.dstack([table[indices], numpy.where((indices == 7) & bool(clear), 0, 255).astype(numpy.uint8)])
        canvas[place[1] : place[1] + height, place[0] : place[0] + width] = frame
        yield f"{name}-{place[0]}-{interlaced}-{clear}", gif, canvas


WIDTH, HEIGHT = 29, 21
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", chunk(b"IEND", b"")


def header(width, height, colour=2, interlace=0):
    return chunk(b"IHDR", width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, colour, 0, 0, interlace]))


def wrong(a_chunk):
    """With a wrong checksum."""
    return a_chunk[:-1] + bytes([a_chunk[-1] ^ 1])


def opaque(samples):
    return numpy.dstack([samples, numpy.full(samples.shape[:2], 255, numpy.uint8)])


def resized(webp, off):
    """With a size of the container that is off by as many bytes."""
    return webp[:4] + (int.from_bytes(webp[4:8], "little") + off).to_bytes(4, "little") + webp[8:]


def lossless_webp(random, odd):
    """A WebP whose picture has an odd or even number of bytes, and its samples."""
    while True:
        samples = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=numpy.uint8)
        out = io.BytesIO()
        Image.fromarray(samples).save(out, "WEBP", lossless=True)
        if out.getvalue()[16] % 2 == odd:
            return out.getvalue(), samples


def lenient():
    """Files that are not as their format requires and are taken, since no pixel is missing or damaged (docs/images.md): name, bytes,
    pixels."""
    random = numpy.random.default_rng(16)
    samples = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=numpy.uint8)
    rows, head = packed(samples, 8), SIGNATURE + header(WIDTH, HEIGHT)
    whole = chunk(b"IDAT", zlib.compress(rows))
    orientation = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    for name, png in {
        "extra-row": head + chunk(b"IDAT", zlib.compress(rows + rows[: 1 + 3 * WIDTH])) + END,
        "extra-rows": head + chunk(b"IDAT", zlib.compress(rows * 3)) + END,
        "extra-byte": head + chunk(b"IDAT", zlib.compress(rows + b"\0")) + END,
        "extra-in-pieces": head + b"".join(chunk(b"IDAT", bytes([byte])) for byte in zlib.compress(rows * 2)) + END,
        "no-end": head + whole,
        "half-an-end": head + whole + END[:7],
        "wrong-end": head + whole + wrong(END),
        "text-cut": head + whole + chunk(b"tEXt", b"Comment\0Exif")[:-9],
        "wrong-text": head + wrong(chunk(b"tEXt", b"Comment\0Exif")) + whole + END,
        "wrong-gamma": head + wrong(gama(1.0)) + whole + END,
        "wrong-chromaticities": head + wrong(chrm(WIDE)) + whole + END,
        "wrong-profile": head + wrong(iccp(icc(P3, 1.8))) + whole + END,
        "wrong-orientation": head + wrong(chunk(b"eXIf", orientation)) + whole + END,
        "wrong-transparency": head + wrong(chunk(b"tRNS", b"\0\0\0\0\0\0")) + whole + END,
    }.items():
        yield f"png-{name}", png, opaque(samples)
    for colour, interlace in itertools.product((0, 2, 4, 6), (0, 1)):
        drawn = random.integers(0, 256, (HEIGHT, WIDTH, SAMPLES[colour]), dtype=numpy.uint8)
        passes = (drawn[y::down, x::across] for x, y, across, down in PASSES)
        data = b"".join(packed(one, 8) for one in passes if one.size) if interlace else packed(drawn, 8)
        png = SIGNATURE + header(WIDTH, HEIGHT, colour, interlace) + chunk(b"IDAT", zlib.compress(data + b"SEFT" * 99)) + END
        rgb = drawn[..., [0, 0, 0]] if colour in (0, 4) else drawn[..., :3]
        yield f"png-extra-{colour}-{interlace}", png, numpy.dstack([rgb, drawn[..., -1]]) if colour in (4, 6) else opaque(rgb)
    for name, (width, height, left, top) in {"whole": (WIDTH, HEIGHT, 0, 0), "small": (7, 5, 11, 9), "corner": (1, 1, 28, 20)}.items():
        frame = random.integers(0, 256, (height, width, 3), dtype=numpy.uint8)
        place = b"".join(value.to_bytes(4, "big") for value in (0, width, height, left, top)) + b"\0\1\0\1\0\0"
        data = zlib.compress(packed(frame, 8))
        frames = chunk(b"fcTL", place) + chunk(b"fdAT", b"\0\0\0\1" + data[:20]) + chunk(b"fdAT", b"\0\0\0\2" + data[20:])
        canvas = numpy.zeros((HEIGHT, WIDTH, 4), numpy.uint8)
        canvas[top : top + height, left : left + width] = opaque(frame)
        yield f"png-hidden-default-{name}", head + chunk(b"acTL", b"\0\0\0\1\0\0\0\0") + whole + frames + END, canvas
    table = random.integers(0, 256, (256, 3), dtype=numpy.uint8)
    indices = random.integers(0, 256, (HEIGHT, WIDTH))
    side = lambda value: value.to_bytes(2, "little")
    for name, blocks in {"unknown": b"!\x42\x03abc\0", "zero": b"!\0\0", "two": b"!\x42\0!\x43\x01a\0"}.items():
        gif = b"GIF89a" + side(WIDTH) + side(HEIGHT) + b"\xf7\0\0" + table.tobytes() + blocks
        gif += b",\0\0\0\0" + side(WIDTH) + side(HEIGHT) + b"\0" + lzw(indices.ravel()) + b";"
        yield f"gif-{name}-extension", gif, opaque(table[indices])
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "WEBP", lossless=True)
    for name, rest in {"byte": b"\0", "text": b"EXIF behind the end"}.items():
        yield f"webp-{name}-behind", out.getvalue() + rest, opaque(samples)
    webp, samples = lossless_webp(random, 1)
    yield "webp-padding-outside", resized(webp, -1), opaque(samples)


def refused():
    """Name, bytes and rule of refused files, and the intact file that each was made of."""
    random = numpy.random.default_rng(17)
    samples = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=numpy.uint8)
    data, head = zlib.compress(packed(samples, 8)), SIGNATURE + header(WIDTH, HEIGHT)
    intact, truncated = head + chunk(b"IDAT", data) + END, "image data is truncated"
    yield "png-wrong-data", head + wrong(chunk(b"IDAT", data)) + END, "checksum does not match", intact
    yield "png-data-cut", head + chunk(b"IDAT", data)[:-40], "PNG is truncated", intact
    yield "png-piece-cut", head + chunk(b"IDAT", data[:900]) + chunk(b"IDAT", data[900:])[:-40], truncated, intact
    yield "png-piece-missing", head + chunk(b"IDAT", data[:900]), truncated, intact
    yield "png-no-checksum", head + chunk(b"IDAT", data[:-4]) + END, truncated, intact
    yield "png-wrong-checksum", head + chunk(b"IDAT", data[:-4] + b"EVIL") + END, "image data is damaged", intact
    # What these look like is for each viewer to decide.
    black = lambda width: SIGNATURE + header(width, 1) + chunk(b"IDAT", zlib.compress(b"\0" * (1 + 3 * width))) + END
    yield "gif-no-colours", b"GIF89a\2\0\1\0\0\0\0,\0\0\0\0\2\0\1\0\0\2\2\xd4\x0a\0;", "no colours", black(2)
    yield "gif-26-bytes", b"GIF89a\1\0\1\0\0\xff\0,\0\0\0\0\1\0\1\0\0\2\0;", "no colours", black(1)
    for lossless, off in itertools.product((True, False), (1, 2, 99, 2**31)):
        out = io.BytesIO()
        Image.fromarray(samples).save(out, "WEBP", lossless=lossless)
        webp = out.getvalue()
        yield f"webp-size-{off}-{lossless}", resized(webp, off), "its container has the wrong size", webp
    for lossless, webp in {False: webp, True: lossless_webp(random, 0)[0]}.items():
        yield f"webp-size--1-{lossless}", resized(webp, -1), "the WebP is truncated", webp


def webps():
    """Name, bytes, pixels as libwebp shows them, upright."""
    random = numpy.random.default_rng(15)
    smooth = numpy.linspace(0, 255, 29 * 21 * 4).reshape(21, 29, 4).astype(numpy.uint8)
    noise = random.integers(0, 256, (21, 29, 4), dtype=numpy.uint8)
    for lossless, alpha, orientation, profiled in itertools.product((0, 1), (0, 1), (1, 3, 6), (0, 1)):
        pixels = noise if lossless else smooth
        picture = Image.fromarray(pixels if alpha else numpy.ascontiguousarray(pixels[..., :3]))
        exif = Image.Exif()
        exif[0x0112] = orientation
        out = io.BytesIO()
        options = {"icc_profile": icc(P3, 1.8)} if profiled else {}
        picture.save(out, "WEBP", lossless=bool(lossless), exact=True, quality=95, exif=exif, **options)
        turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270}
        upright = Image.open(io.BytesIO(out.getvalue())).convert("RGBA")
        upright = numpy.array(upright.transpose(turn[orientation]) if orientation in turn else upright)
        yield f"{lossless}-{alpha}-{orientation}-{profiled}", out.getvalue(), shown(upright, P3, power(1.8)) if profiled else upright
