"""Marshmallow fields that every room's schemas share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import fields


class UtcTime(fields.AwareDateTime):
    """A time as RFC 3339 with Z (model.md §10)."""

    def _serialize(
        self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any
    ) -> str | None:  # marshmallow's own signature
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None
