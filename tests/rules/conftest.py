"""The desks of other rooms, to tell the rulebook's stories at."""

from __future__ import annotations

import pytest

from tests.portal.conftest import browser, open_browser
from tests.tickets.conftest import build_house

__all__ = ["browser", "house", "open_browser"]


@pytest.fixture
def house(tenant):
    """People of every role at two departments."""
    return build_house(tenant)
