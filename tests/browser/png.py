"""Small picture files of screens: at most 256 colours, which text and hairlines do not need more than."""

import base64
import struct
import zlib
from collections import Counter
from collections.abc import Iterator

from playwright.sync_api import Page

COLOURS = 256
PIXELS = """async (picture) => {
    const image = new Image()
    image.src = `data:image/png;base64,${picture}`
    await image.decode()
    const canvas = document.createElement("canvas")
    Object.assign(canvas, {width: image.width, height: image.height})
    const paint = canvas.getContext("2d")
    paint.drawImage(image, 0, 0)
    const bytes = paint.getImageData(0, 0, image.width, image.height).data
    let text = ""
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768))
    return [image.width, image.height, btoa(text)]
}"""

Colour = tuple[int, int, int]


def small(picture: bytes, blank: Page) -> bytes:
    """The same picture in a smaller file; `blank` is an empty page, in which it is read."""
    width, height, read = blank.evaluate(PIXELS, base64.b64encode(picture).decode())
    pixels = list(struct.iter_unpack("3Bx", base64.b64decode(read)))
    palette, places = _palette(Counter(pixels))
    drawn = bytes(map(places.__getitem__, pixels))
    rows = b"".join(b"\0" + drawn[at : at + width] for at in range(0, len(drawn), width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(b"".join(_part(kind, content)) for kind, content in parts)


def _palette(found: Counter[Colour]) -> tuple[bytes, dict[Colour, int]]:
    """The most frequent colours, and for each colour the place of the nearest of them."""
    kept = [colour for colour, _ in found.most_common(COLOURS)]
    places = {colour: place for place, colour in enumerate(kept)}
    for colour in found:
        if colour not in places:
            places[colour] = min(range(len(kept)), key=lambda place: _distance(kept[place], colour))
    return bytes(part for colour in kept for part in colour), places


def _distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _part(kind: bytes, content: bytes) -> Iterator[bytes]:
    yield struct.pack(">I", len(content))
    yield kind + content
    yield struct.pack(">I", zlib.crc32(kind + content))
