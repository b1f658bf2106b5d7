"""The desk of tests/tickets, spoken to over HTTP."""

from __future__ import annotations

from tests.tickets.conftest import api_of, house

__all__ = ["api_of", "house"]
