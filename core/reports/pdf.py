"""PDF from HTML in a child process with limits: a crash costs one document, not the server."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from core.errors import NotAvailable, PolydeskError, TooLarge, TooMany

if TYPE_CHECKING:
    from collections.abc import Mapping

CHILD = Path(__file__).with_name("pdf_child.py")
PROBE = Path(__file__).with_name("pdf_probe.py")
CHILDREN = 2
MEBIBYTE = 1024**2
HTML_BYTES = 8 * MEBIBYTE
KEPT = ("PATH", "FONTCONFIG_FILE", "LD_LIBRARY_PATH")
OUT_OF_MEMORY = ("MemoryError", "Cannot allocate memory", "failed to allocate", "out of memory")

LIBRARIES = {
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libharfbuzz.so.0": "libharfbuzz0b",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libfontconfig.so.1": "libfontconfig1",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
}
"""What WeasyPrint needs of the system, and the Debian package that brings it."""

_children = threading.BoundedSemaphore(CHILDREN)


class PdfFailed(PolydeskError):
    """The child gave no PDF; `reason` is timeout, memory, too-many-pages or crashed."""

    code = "pdf-failed"
    status: ClassVar[int] = 503

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"no PDF: {reason} {detail}".strip(), reason=reason, detail=detail)


@dataclass(frozen=True)
class Limits:
    """What one document may cost: seconds of wall time and CPU, MiB of address space, pages."""

    seconds: float = 60
    cpu: int = 50
    memory: int = 1536
    pages: int = 60


@dataclass(frozen=True)
class Pdf:
    """A drawn document; `missing` are characters that no font has, `warnings` the renderer's."""

    content: bytes
    pages: int
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probe:
    """Whether PDFs can be made here; if not, which libraries lack and what command brings them."""

    ok: bool
    missing: tuple[str, ...] = ()
    install: str = ""
    detail: str = field(default="", compare=False)


@lru_cache(maxsize=1)
def probe() -> Probe:
    """Look for the system's libraries in a child, once per process."""
    found, _ = _run([str(PROBE), *LIBRARIES], b"", Limits(seconds=30))
    packages = sorted({LIBRARIES[name] for name in found["missing"]})
    if packages:
        install = "apt-get install -y " + " ".join(packages)
        return Probe(ok=False, missing=tuple(found["missing"]), install=install)
    return Probe(ok=not found["error"], detail=found["error"])


def render(
    html: str, *, assets: Mapping[str, bytes] | None = None, limits: Limits | None = None
) -> Pdf:
    """Draw `html`; it may point to `data:`, and by `asset:<name>` to `assets` or the bundled files.

    Raises NotAvailable where libraries lack, TooMany when both children stay busy, and PdfFailed
    when no PDF came.
    """
    limits = limits or Limits()
    if not (state := probe()).ok:
        raise NotAvailable(
            "PDF", missing=list(state.missing), install=state.install, detail=state.detail
        )
    if len(html.encode()) > HTML_BYTES:
        raise TooLarge(limit=HTML_BYTES, unit="bytes")
    handed = {name: base64.b64encode(data).decode() for name, data in (assets or {}).items()}
    job = json.dumps({"html": html, "assets": handed, "pages": limits.pages}).encode()
    head, content = _run([str(CHILD)], job, limits)
    if head.get("error"):
        raise PdfFailed(head["error"])
    return Pdf(content, head["pages"], tuple(head["missing"]), tuple(head["warnings"]))


def _run(arguments: list[str], job: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    if not _children.acquire(timeout=limits.seconds):
        raise TooMany(retry_after=10)
    try:
        # The folder takes the library's temporary files, which a killed child leaves behind.
        with tempfile.TemporaryDirectory(prefix="polydesk-pdf-") as folder:
            code, out, complaint = _child(arguments, job, limits, Path(folder))
    finally:
        _children.release()
    line, _, content = out.partition(b"\n")
    if code or not line:
        raise PdfFailed(_reason(code, complaint), complaint[-400:])
    head: dict[str, Any] = json.loads(line)
    return head, content


def _child(
    arguments: list[str], job: bytes, limits: Limits, folder: Path
) -> tuple[int, bytes, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    with subprocess.Popen(  # noqa: S603  our own file and the names of libraries
        [sys.executable, "-I", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**kept, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"},
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            _limit(process.pid, limits)
            out, complaint = process.communicate(job, timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            raise PdfFailed("timeout", f"{limits.seconds:g} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out, complaint.decode(errors="replace")


def _limit(pid: int, limits: Limits) -> None:
    """Bind the child before it has read a byte; a `preexec_fn` is unsafe in a threaded server."""
    bounds = {
        resource.RLIMIT_AS: limits.memory * MEBIBYTE,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: 64 * MEBIBYTE,
        resource.RLIMIT_NOFILE: 128,
        resource.RLIMIT_CORE: 0,
    }
    # A child that is gone already tells why by its exit code.
    with suppress(ProcessLookupError):
        for name, value in bounds.items():
            resource.prlimit(pid, name, (value, value))


def _reason(code: int, complaint: str) -> str:
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return "timeout"
    return "memory" if any(sign in complaint for sign in OUT_OF_MEMORY) else "crashed"
