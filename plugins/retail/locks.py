"""Rows that are read to be written: locked, at their newest."""

from __future__ import annotations

from typing import Any

from core.sdk import db


def lock(row: Any) -> None:
    """Let nobody else move the row until the transaction ends; what it holds is what is stored."""
    # A refresh would forget what this transaction has changed and not written yet.
    db.session.flush()
    db.session.refresh(row, with_for_update=True)
