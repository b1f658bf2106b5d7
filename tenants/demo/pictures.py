"""Small photographs for the demonstration, drawn on the spot so that the repository carries none."""

from __future__ import annotations

import io
from random import Random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (640, 480)
KINDS = ("stain", "crack", "puddle", "box", "screen", "receipt")
WALLS = ((222, 216, 204), (205, 210, 214), (214, 203, 190), (196, 204, 196))


def photograph(number: int) -> tuple[str, bytes]:
    """The name and the JPEG bytes of picture `number`; the same number gives the same picture."""
    chance = Random(f"picture-{number}")  # noqa: S311  a drawing, no secret
    kind = KINDS[number % len(KINDS)]
    picture = Image.new("RGB", SIZE, chance.choice(WALLS))
    pen = ImageDraw.Draw(picture)
    _room(pen, chance)
    _DRAWN[kind](pen, chance)
    softened = picture.filter(ImageFilter.GaussianBlur(1.2))
    file = io.BytesIO()
    softened.save(file, "JPEG", quality=82)
    return f"IMG_{2000 + number:04}.jpg", file.getvalue()


def _room(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    """Light falling on a wall above a floor."""
    width, height = SIZE
    horizon = chance.randint(300, 380)
    for y in range(0, horizon, 4):
        shade = 232 - y // 6 + chance.randint(-2, 2)
        pen.rectangle((0, y, width, y + 4), fill=(shade, shade - 4, shade - 14))
    pen.rectangle((0, horizon, width, height), fill=(134, 120, 104))
    pen.line((0, horizon, width, horizon), fill=(96, 88, 78), width=5)


def _stain(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    x, y = chance.randint(220, 400), chance.randint(110, 230)
    for _ in range(140):
        spot, size = (x + chance.gauss(0, 70), y + chance.gauss(0, 42)), chance.randint(4, 26)
        tone = chance.randint(60, 110)
        pen.ellipse(
            (spot[0], spot[1], spot[0] + size, spot[1] + size), fill=(tone, tone, tone - 20)
        )


def _crack(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    x, y = chance.randint(120, 220), 30.0
    points = [(float(x), y)]
    for _ in range(16):
        points.append(
            (points[-1][0] + chance.randint(-10, 40), points[-1][1] + chance.randint(8, 22))
        )
    pen.line(points, fill=(70, 66, 62), width=4)


def _puddle(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    for step in range(7):
        left, top = 90 + step * 12 + chance.randint(0, 8), 360 + step * 6
        tone = 120 + step * 12
        pen.ellipse((left, top, 600 - left // 3, top + 70), fill=(tone - 20, tone, tone + 14))


def _box(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    left, dent = chance.randint(160, 240), chance.randint(20, 60)
    pen.polygon(
        [(left, 230), (left + 260, 220), (left + 250, 420), (left + dent, 430), (left, 420 - dent)],
        fill=(182, 142, 96),
    )
    pen.rectangle((left + 110, 224, left + 146, 424), fill=(206, 178, 130))


def _screen(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    pen.rounded_rectangle((210, 90, 430, 410), 26, fill=(30, 32, 38))
    x, y = chance.randint(260, 380), chance.randint(150, 330)
    for _ in range(12):
        end = (chance.randint(214, 426), chance.randint(96, 404))
        pen.line((x, y, *end), fill=(168, 176, 186), width=2)


def _receipt(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    left = chance.randint(210, 270)
    pen.rectangle((left, 60, left + 200, 430), fill=(248, 247, 242))
    for row in range(14):
        pen.rectangle(
            (left + 18, 84 + row * 24, left + chance.randint(90, 182), 90 + row * 24),
            fill=(96, 96, 96),
        )


_DRAWN = {
    "stain": _stain,
    "crack": _crack,
    "puddle": _puddle,
    "box": _box,
    "screen": _screen,
    "receipt": _receipt,
}
