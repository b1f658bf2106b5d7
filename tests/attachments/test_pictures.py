"""Uploads: what is let in, what is redrawn, what is refused, and with which words."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from core import i18n
from core.attachments.names import MAX_NAME, safe_name
from core.attachments.pictures import (
    MAX_BYTES,
    MAX_SIDE,
    SHEET,
    THUMBNAIL_SIDE,
    WORD,
    FileTooLarge,
    check_upload,
    thumbnail,
)
from core.errors import Invalid

HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SECRET = b"GPS-31.2304,121.4737"
ORIENTATION, MAKER_NOTE = 0x0112, 0x927C


def picture(
    form: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any
) -> bytes:
    made = Image.new(mode, size, "red" if mode in {"RGB", "RGBA"} else None)
    out = io.BytesIO()
    made.save(out, form, **options)
    return out.getvalue()


def office(*names: str, size: int = 10) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0" * size)
    return out.getvalue()


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
MP3 = b"ID3\x04\x00\x00" + b"\x00" * 200
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 100


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(Invalid) as caught:
        check_upload(content, name)
    assert [problem.field for problem in caught.value.problems] == ["file"]
    return caught.value.problems[0].message.removeprefix("attachments.error.")


@pytest.mark.parametrize(
    ("content", "name", "media_type", "kept_name"),
    [
        (picture(), "车库.JPG", "image/jpeg", "车库.jpg"),
        (picture(), "holiday.jpeg", "image/jpeg", "holiday.jpg"),
        (picture("PNG"), "a.png", "image/png", "a.png"),
        (picture("PNG"), "really-png.jpg", "image/jpeg".replace("jpeg", "png"), "really-png.png"),
        (picture("WEBP"), "a.webp", "image/webp", "a.webp"),
        (picture("GIF"), "a.gif", "image/gif", "a.gif"),
        (picture(), "no-extension", "image/jpeg", "no-extension.jpg"),
        (PDF, "letter.pdf", "application/pdf", "letter.pdf"),
        ("十一月二十日返水".encode(), "notes.txt", "text/plain", "notes.txt"),
        ("十一月二十日返水".encode("gb18030"), "notes.txt", "text/plain", "notes.txt"),
        (b"BMW, plate, date\r\nx,y,z", "rows.csv", "text/csv", "rows.csv"),
        (office("[Content_Types].xml", "word/document.xml"), "a.docx", WORD, "a.docx"),
        (office("[Content_Types].xml", "xl/workbook.xml"), "a.xlsx", SHEET, "a.xlsx"),
        (MP3, "call.mp3", "audio/mpeg", "call.mp3"),
        (MP4, "leak.mp4", "video/mp4", "leak.mp4"),
    ],
)
def test_what_people_send_is_let_in(
    content: bytes, name: str, media_type: str, kept_name: str
) -> None:
    kept = check_upload(content, name)
    assert (kept.media_type, kept.name) == (media_type, kept_name)
    assert kept.is_picture == media_type.startswith("image/")
    assert (kept.width, kept.height) == ((60, 40) if kept.is_picture else (None, None))


@pytest.mark.parametrize(
    ("content", "name", "word"),
    [
        (b"", "a.jpg", "empty"),
        (HTML, "photo.jpg", "markup"),
        (HTML, "page.html", "markup"),
        (b"\n\n   <svg onload=alert(1)>", "a.svg", "markup"),
        (b"just words", "photo.jpg", "misnamed"),
        (picture(), "report.pdf", "misnamed"),
        (PDF, "photo.jpg", "misnamed"),
        (picture(), "program.exe", "misnamed"),
        (b"MZ\x90\x00" + b"\x00" * 200, "a.exe", "type"),
        (b"\x7fELF" + b"\x00" * 200, "a.txt", "type"),
        (picture("TIFF"), "a.tiff", "type"),
        (picture("BMP"), "a.bmp", "type"),
        (office("readme.txt"), "a.zip", "type"),
        (
            office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            "a.docx",
            "type",
        ),
        (office("[Content_Types].xml", "xl/workbook.xml"), "a.docx", "misnamed"),
        (b"PK\x03\x04 not an archive", "a.docx", "broken"),
        (b"%PDF-1.7 cut", "a.pdf", "broken"),
        (
            PDF.replace(b"/Type", b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>/Type"),
            "a.pdf",
            "active",
        ),
        (picture()[:200], "cut.jpg", "broken"),
        (b"\xff\xd8\xff\xe0" + HTML, "photo.jpg", "broken"),
        (b"GIF89a" + HTML, "photo.gif", "broken"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 50, "IMG_1.HEIC", "heic"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 50, "IMG_1.jpg", "heic"),
        (b"\xff\xfe\x00\x01\x02\x80" * 50, "a.txt", "type"),
    ],
)
def test_what_could_harm_or_cannot_be_read_is_refused(content: bytes, name: str, word: str) -> None:
    assert refusal(content, name) == word


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused() -> None:
    bomb = office("[Content_Types].xml", "word/document.xml", size=60 * 1024 * 1024)
    assert len(bomb) < MAX_BYTES
    assert refusal(bomb, "a.docx") == "bomb"


def test_over_ten_megabytes_is_too_large_and_says_its_size() -> None:
    with pytest.raises(FileTooLarge) as caught:
        check_upload(b"a" * (MAX_BYTES + 1), "long.txt")
    problem = caught.value.problems[0]
    with i18n.use("zh-CN"):
        assert (
            i18n.text(problem.message, **dict(problem.values))
            == "「long.txt」为 10.0 MB，请选择不超过 10 MB 的文件"
        )
    assert check_upload(b"a" * MAX_BYTES, "long.txt").media_type == "text/plain"


def test_heic_is_refused_with_words_that_help() -> None:
    with pytest.raises(Invalid) as caught:
        check_upload(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "车库.heic")
    problem = caught.value.problems[0]
    with i18n.use("zh-CN"):
        assert "兼容性最佳" in i18n.text(problem.message, **dict(problem.values))


def test_hidden_data_and_appended_files_are_gone() -> None:
    """Positive control: the bytes stand in what was sent."""
    exif = Image.Exif()
    exif[MAKER_NOTE] = SECRET
    exif[0x010E] = SECRET.decode()
    zipped = office("evil.sh")
    sent = picture(exif=exif, comment=SECRET) + zipped + HTML
    assert SECRET in sent
    assert zipfile.is_zipfile(io.BytesIO(sent[: -len(HTML)]))
    kept = check_upload(sent, "a.jpg").content
    assert SECRET not in kept
    assert b"<script" not in kept
    assert not zipfile.is_zipfile(io.BytesIO(kept))
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    sent = picture("PNG", pnginfo=text)
    assert SECRET in sent
    assert SECRET not in check_upload(sent, "a.png").content


def test_a_picture_stands_upright_afterwards() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    kept = check_upload(picture(size=(60, 40), exif=exif), "a.jpg")
    assert (kept.width, kept.height) == (40, 60)
    with Image.open(io.BytesIO(kept.content)) as result:
        assert not result.getexif()


def test_large_pictures_shrink_and_bombs_are_refused_before_they_unfold() -> None:
    kept = check_upload(picture("PNG", size=(MAX_SIDE + 900, 10)), "wide.png")
    assert kept.width == MAX_SIDE

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )
    assert refusal(bomb, "bomb.png") == "bomb"
    frames = [Image.new("L", (20, 20), shade) for shade in range(250)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert refusal(out.getvalue(), "many.gif") == "bomb"


def test_moving_pictures_keep_moving() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=120, comment=SECRET
    )
    assert SECRET in out.getvalue()
    kept = check_upload(out.getvalue(), "moves.gif").content
    assert SECRET not in kept
    with Image.open(io.BytesIO(kept)) as result:
        assert result.n_frames == 3


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("PNG", "RGBA"),
        ("PNG", "LA"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("JPEG", "CMYK"),
        ("JPEG", "L"),
        ("WEBP", "RGBA"),
    ],
)
def test_every_colour_mode_is_redrawn_and_gets_a_thumbnail(form: str, mode: str) -> None:
    kept = check_upload(picture(form, (900, 600), mode), None)
    with Image.open(io.BytesIO(thumbnail(kept.content))) as small:
        assert small.size == (THUMBNAIL_SIDE, 320)
        assert small.format == "JPEG"


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("..\\..\\boot.ini", "boot.jpg"),
        ("C:\\temp\\a.jpg", "a.jpg"),
        ("a\x00b\r\nContent-Type: x.jpg", "abContent-Type_ x.jpg"),
        ("photo\u202egpj.exe", "photogpj.jpg"),
        ("👩‍👩‍👧 家.jpg", "👩‍👩‍👧 家.jpg"),
        ("ｐｈｏｔｏ１.jpg", "photo1.jpg"),
        ("CON.jpg", "file-CON.jpg"),
        ("....", "file.jpg"),
        ("", "file.jpg"),
        (None, "file.jpg"),
        ('a"b<c>.jpg', "a_b_c_.jpg"),
        ("a" * 400 + ".jpg", "a" * (MAX_NAME - 4) + ".jpg"),
    ],
)
def test_names_are_made_safe(given_name: str | None, safe: str) -> None:
    assert safe_name(given_name, "jpg") == safe


@given(st.text(max_size=300))
def test_any_name_becomes_one_that_every_disk_and_header_takes(name: str) -> None:
    safe = safe_name(name, "jpg")
    assert safe.endswith(".jpg")
    assert len(safe) <= MAX_NAME
    assert len(safe.encode()) <= 255
    assert not set(safe) & set('/\\:"<>|?*\x00\r\n\t')
    assert not safe.startswith(".")
    assert safe_name(safe, "jpg") == safe


@settings(max_examples=300, deadline=None)
@given(
    content=st.binary(max_size=300)
    | st.sampled_from([picture(), picture("PNG"), picture("GIF"), PDF, MP4]).flatmap(
        lambda whole: st.tuples(st.integers(0, len(whole)), st.binary(max_size=9)).map(
            lambda cut: whole[: cut[0]] + cut[1] + whole[cut[0] + len(cut[1]) :]
        )
    ),
    name=st.sampled_from(["a.jpg", "a.png", "a.pdf", "a.txt", "a.exe", "", None]),
)
def test_any_bytes_are_kept_safely_or_refused(content: bytes, name: str | None) -> None:
    kept, problems = None, ()
    try:
        kept = check_upload(content, name)
    except Invalid as error:
        problems = error.problems
    assert all(i18n.text(problem.message) != problem.message for problem in problems)
    if kept:
        assert check_upload(kept.content, kept.name).media_type == kept.media_type
