"""The process that looks whether PDFs can be made here: names of libraries in, JSON out."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import importlib
import io
import json
import sys


def loads(library: str) -> bool:
    """Whether the dynamic linker finds `library`."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def weasyprint_error() -> str:
    """Why WeasyPrint does not load, as in pdf_child.py; "" when it does."""
    ctypes.util.find_library = lambda name: None  # noqa: ARG005
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            importlib.import_module("weasyprint")
    except (ImportError, OSError) as problem:
        return str(problem) or type(problem).__name__
    return ""


def main(libraries: list[str]) -> None:
    """Print what is missing, and the error of the import when nothing is."""
    missing = [name for name in libraries if not loads(name)]
    error = "" if missing else weasyprint_error()
    sys.stdout.write(json.dumps({"missing": missing, "error": error}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
