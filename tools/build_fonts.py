"""Cut the report fonts out of Debian's fonts-noto-cjk as TTF: run once, the result is committed.

apt-get download fonts-noto-cjk; dpkg-deb -x fonts-noto-cjk_*.deb /tmp/noto
python tools/build_fonts.py /tmp/noto/usr/share/fonts/opentype/noto core/reports/assets/fonts
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, newTable

FAMILY = "Noto Sans CJK SC"
TOLERANCE = 1.0
"""Largest distance between a curve and its quadratic copy, in thousandths of the font size."""

# GBK carries the hanzi of GB2312 and the Traditional ones; these newer ones stand in names.
NAMES = "䶮堃喆赟璟珺玥煊祎頔翀菡锟堉铖镕犇骉羴焱燚瑄翾珮珈倢婧昉暘昶祐珣珒玏玹琎琭瑨璠璘祾"
RANGES = (
    *((0x20, 0x7F), (0xA0, 0x180), (0x370, 0x400), (0x400, 0x460), (0x2010, 0x2060)),
    *((0x20A0, 0x20C0), (0x2190, 0x219A), (0x2460, 0x2474), (0x25A0, 0x25D0), (0x2713, 0x2714)),
    *((0x3000, 0x3100), (0x3220, 0x322A), (0xFF00, 0xFFF0)),
)
PROFILE = [
    *("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"),
    *("maxStackElements", "maxSizeOfInstructions", "maxComponentElements", "maxPoints"),
    *("maxContours", "maxCompositePoints", "maxCompositeContours", "maxComponentDepth"),
]
LATIN = ((0x20, 0x7F), (0xA0, 0x180), (0x2010, 0x2060))
SAME_AS = {0x2714: 0x2713, 0x2717: 0xD7, 0x2718: 0xD7}
BOX, TICK, CROSS = "pd_box", "pd_box_tick", "pd_box_cross"
BOXES = {0x2610: BOX, 0x2611: TICK, 0x2612: CROSS}


def code_points(encoding: str, first: int) -> set[int]:
    """Every character that the two-byte `encoding` can write."""
    pairs = (bytes([a, b]) for a in range(first, 0xFF) for b in range(0x40, 0xFF))
    texts = (pair.decode(encoding, "ignore") for pair in pairs)
    return {ord(text) for text in texts if len(text) == 1}


def wanted(encoding: str, first: int) -> set[int]:
    """The characters of one weight."""
    single = {code for low, high in RANGES for code in range(low, high)}
    return code_points(encoding, first) | single | {ord(name) for name in NAMES}


def face(collection: Path) -> Any:
    """The face of simplified Chinese in a collection."""
    return next(
        font for font in TTCollection(collection).fonts if font["name"].getDebugName(1) == FAMILY
    )


def narrow_punctuation(font: Any) -> None:
    """Let characters show their proportional form (pwid): ’ is as wide as a hanzi without."""
    table = font["GSUB"].table
    lookups = {
        index
        for r in table.FeatureList.FeatureRecord
        if r.FeatureTag == "pwid"
        for index in r.Feature.LookupListIndex
    }
    narrow: dict[str, str] = {}
    for index in lookups:
        for part in table.LookupList.Lookup[index].SubTable:
            narrow.update(getattr(part, "ExtSubTable", part).mapping)
    for cmap in (cmap for cmap in font["cmap"].tables if cmap.isUnicode()):
        cmap.cmap.update({code: narrow[name] for code, name in cmap.cmap.items() if name in narrow})


def cut(font: Any, characters: set[int]) -> Any:
    """`font` cut down to `characters`."""
    options = subset.Options()
    options.layout_features = ["ccmp", "tnum", "kern"]
    options.hinting = False
    options.notdef_outline = True
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    return font


def box(mark: str) -> Any:
    """A ballot box, which Noto Sans CJK lacks, empty or with a mark."""
    pen = TTGlyphPen(None)
    contours = [
        [(110, -10), (110, 770), (890, 770), (890, -10)],
        [(170, 50), (830, 50), (830, 710), (170, 710)],
    ]
    if mark == TICK:
        contours.append([(245, 400), (300, 455), (440, 310), (700, 640), (760, 590), (445, 200)])
    if mark == CROSS:
        contours.append([(270, 195), (225, 240), (730, 565), (775, 520)])
        contours.append([(225, 520), (270, 565), (775, 240), (730, 195)])
    for contour in contours:
        pen.moveTo(contour[0])
        for point in contour[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def to_truetype(font: Any) -> None:
    """Replace the CFF outlines by quadratic ones, which WeasyPrint reads far faster."""
    shapes, glyphs = font.getGlyphSet(), {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(shapes)
        shapes[name].draw(Cu2QuPen(pen, TOLERANCE, reverse_direction=True))
        glyphs[name] = pen.glyph()
    advance = font["head"].unitsPerEm
    for name in BOXES.values():
        glyphs[name] = box(name)
        font["hmtx"][name] = (advance, 110)
    order = font.getGlyphOrder() + list(BOXES.values())
    font.setGlyphOrder(order)
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    del font["CFF "]
    font["glyf"].compile(font)
    for name, glyph in glyphs.items():
        font["hmtx"][name] = (font["hmtx"][name][0], getattr(glyph, "xMin", 0))
    profile = dict.fromkeys(PROFILE, 0)
    vars(font["maxp"]).update(profile, tableVersion=0x00010000, maxZones=1)
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"


def add_characters(font: Any) -> None:
    """Map the boxes, and the marks that look like another character."""
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap.update(BOXES)
            table.cmap.update(
                {new: table.cmap[old] for new, old in SAME_AS.items() if old in table.cmap}
            )


def save(font: Any, path: Path) -> None:
    """Convert and write one face."""
    to_truetype(font)
    add_characters(font)
    font.save(path)
    sys.stdout.write(
        f"{path}: {len(font.getBestCmap())} characters, {path.stat().st_size:,} bytes\n"
    )


def main(source: Path, target: Path) -> None:
    """Build both weights: GBK in regular, GB2312 in bold, and Latin apart."""
    for weight, encoding, first in (("Regular", "gbk", 0x81), ("Bold", "gb2312", 0xA1)):
        collection = source / f"NotoSansCJK-{weight}.ttc"
        save(cut(face(collection), wanted(encoding, first)), target / f"NotoSansSC-{weight}.ttf")
        latin = face(collection)
        narrow_punctuation(latin)
        save(
            cut(latin, {code for low, high in LATIN for code in range(low, high)}),
            target / f"NotoSansSC-Latin-{weight}.ttf",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
