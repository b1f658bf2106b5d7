"""What an upload really is: sniffed by its bytes, let in by a list, pictures redrawn bare."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import filetype
from PIL import Image, ImageOps, ImageSequence

from core.attachments.names import safe_name
from core.errors import Invalid, Problem, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 10 * 1024 * 1024
_MAX_MEGABYTES = MAX_BYTES // 1024**2
MAX_PIXELS = 40_000_000
MAX_FRAMES = 200
MAX_SIDE = 4096
THUMBNAIL_SIDE = 480
MAX_UNPACKED = 100 * 1024 * 1024
MAX_ENTRIES = 5000

Image.MAX_IMAGE_PIXELS = MAX_PIXELS

PICTURES = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
}
_BY_MIME = {mime: name for name, (mime, _) in PICTURES.items()}
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTENSIONS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/csv": "csv",
    WORD: "docx",
    SHEET: "xlsx",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
    **dict(PICTURES.values()),
}
_SPELLINGS = {
    "jpeg": "jpg",
    "jpe": "jpg",
    "text": "txt",
    "log": "txt",
    "md": "txt",
    "jfif": "jpg",
    "m4v": "mp4",
}
_HEIC = {"image/heic", "image/heif", "image/avif"}
_SHORT_MAGIC = {"image/bmp", "application/x-msdownload"}
_MARKUP = re.compile(
    rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|\?xml|\?php|meta|img|object|embed)",
    re.IGNORECASE,
)
_ACTIVE_PDF = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia)\b")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Checked:
    """An upload as it will be kept: its bytes perhaps redrawn, its name with the true extension."""

    content: bytes
    media_type: str
    name: str
    width: int | None = None
    height: int | None = None

    @property
    def is_picture(self) -> bool:
        """Whether it can be shown inline."""
        return self.media_type in _BY_MIME


def check_upload(content: bytes, name: str | None) -> Checked:
    """The file as it may be kept; raises Invalid or TooLarge, saying what to send instead."""
    shown = safe_name(name, _extension(name) or "bin")
    if not content:
        raise _refused("empty", shown)
    if len(content) > MAX_BYTES:
        raise FileTooLarge(shown, len(content))
    media_type = _sniff(content, shown)
    claimed = _SPELLINGS.get(_extension(name), _extension(name))
    true = EXTENSIONS[media_type]
    if media_type == "text/plain" and claimed == "csv":
        media_type, true = "text/csv", "csv"
    elif (
        claimed
        and claimed != true
        and (media_type not in _BY_MIME or claimed not in dict(PICTURES.values()).values())
    ):
        # A PNG called .jpg is an honest slip and gets its own ending; anything else is a lie.
        raise _refused("misnamed", shown, claimed=claimed, true=true)
    if media_type in _BY_MIME:
        return _redrawn(content, media_type, safe_name(name, true))
    _CHECKS.get(media_type, _accept)(content, shown)
    return Checked(content, media_type, safe_name(name, true))


def thumbnail(content: bytes) -> bytes:
    """A small JPEG of a kept picture."""
    with Image.open(io.BytesIO(content)) as picture:
        small = ImageOps.exif_transpose(picture)
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        return _save(_flattened(small), "JPEG", quality=82)


class FileTooLarge(TooLarge):
    """A file over the limit; `problems` say so at its field, like those of Invalid."""

    def __init__(self, name: str, size: int) -> None:
        problem = _problem("too_large", name, size=f"{size / 1024**2:.1f}", limit=_MAX_MEGABYTES)
        super().__init__(name, limit=MAX_BYTES, unit="bytes")
        self.problems = (problem,)


def _sniff(content: bytes, shown: str) -> str:
    kind = filetype.guess(content)
    mime = kind.mime if kind else ""
    if mime in _HEIC or _is_heic(content):
        raise _refused("heic", shown)
    if mime == "application/zip" or content.startswith(b"PK\x03\x04"):
        return _office(content, shown)
    if mime == "image/apng":
        return "image/png"
    if mime in EXTENSIONS:
        return mime
    # Two letters make a "bitmap" or a "program" of any text that begins with BM or MZ.
    if (mime and mime not in _SHORT_MAGIC) or _CONTROLS.search(content):
        raise _refused("type", shown)
    if _MARKUP.search(content[:1024]):
        raise _refused("markup", shown)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        try:
            content.decode("gb18030")
        except UnicodeDecodeError:
            raise _refused("type", shown) from None
    return "text/plain"


def _is_heic(content: bytes) -> bool:
    return content[4:8] == b"ftyp" and content[8:12] in {
        b"heic",
        b"heix",
        b"hevc",
        b"heim",
        b"heis",
        b"mif1",
        b"msf1",
        b"avif",
    }


def _office(content: bytes, shown: str) -> str:
    """Docx or xlsx by what stands in the archive; macros and archives that swell are refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, RuntimeError, OSError):
        raise _refused("broken", shown) from None
    names = {entry.filename for entry in entries}
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _refused("bomb", shown)
    if "[Content_Types].xml" not in names or any(
        name.lower().endswith("vbaproject.bin") for name in names
    ):
        raise _refused("type", shown)
    if "word/document.xml" in names:
        return WORD
    if "xl/workbook.xml" in names:
        return SHEET
    raise _refused("type", shown)


def _redrawn(content: bytes, media_type: str, shown: str) -> Checked:
    form = _BY_MIME[media_type]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=(form,))
            _refuse_huge(picture, shown)
            kept = _encode(picture, form)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused("bomb", shown) from None
    except Invalid:
        raise
    except Exception:  # noqa: BLE001  Pillow's decoders raise anything on broken bytes: all of it means "cannot be read"
        raise _refused("broken", shown) from None
    with Image.open(io.BytesIO(kept)) as result:
        return Checked(kept, media_type, shown, *result.size)


def _refuse_huge(picture: Image.Image, shown: str) -> None:
    frames = getattr(picture, "n_frames", 1)
    pixels = picture.width * picture.height
    if frames > MAX_FRAMES or pixels > MAX_PIXELS or pixels * frames > MAX_PIXELS * 2:
        raise _refused("bomb", shown)


def _encode(picture: Image.Image, form: str) -> bytes:
    if getattr(picture, "n_frames", 1) > 1 and form in {"GIF", "WEBP"}:
        return _save_moving(picture, form)
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    if form == "JPEG":
        return _save(_flattened(upright), "JPEG", quality=88, optimize=True)
    return _save(_bare(upright), form)


def _save_moving(picture: Image.Image, form: str) -> bytes:
    durations = []
    frames = []
    for frame in ImageSequence.Iterator(picture):
        durations.append(int(frame.info.get("duration", 100)))
        frames.append(_bare(frame.convert("RGBA")))
    return _save(
        frames[0], form, save_all=True, append_images=frames[1:], duration=durations, loop=0
    )


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels alone, without comments, profiles and whatever else a file may carry."""
    if picture.mode in {"P", "1", "L", "LA", "I;16", "I", "F"}:
        picture = picture.convert(
            "RGBA" if "transparency" in picture.info or picture.mode == "LA" else "RGB"
        )
    if picture.mode not in {"RGB", "RGBA"}:
        picture = picture.convert("RGB")
    copy = Image.new(picture.mode, picture.size)
    copy.paste(picture)
    return copy


def _flattened(picture: Image.Image) -> Image.Image:
    """On white: JPEG knows no transparency."""
    bare = _bare(picture)
    if bare.mode == "RGB":
        return bare
    white = Image.new("RGB", bare.size, "white")
    white.paste(bare, mask=bare.getchannel("A"))
    return white


def _save(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def _check_pdf(content: bytes, shown: str) -> None:
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2048:]:
        raise _refused("broken", shown)
    if _ACTIVE_PDF.search(content):
        raise _refused("active", shown)


def _accept(content: bytes, shown: str) -> None:
    """Text, sound and films are kept as sent; they are only ever served as downloads."""


_CHECKS: dict[str, Callable[[bytes, str], None]] = {"application/pdf": _check_pdf}


def _extension(name: str | None) -> str:
    match = re.search(r"\.([A-Za-z0-9]{1,8})$", (name or "").strip())
    return match[1].lower() if match else ""


def _refused(word: str, name: str, **values: str) -> Invalid:
    return Invalid(_problem(word, name, **values))


def _problem(word: str, name: str, **values: str | int) -> Problem:
    return Problem(
        field="file", message=f"attachments.error.{word}", values=(("name", name), *values.items())
    )
