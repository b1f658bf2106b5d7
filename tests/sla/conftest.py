"""A desk under a virtual clock that begins on Monday, 16 November 2026, at 10:00 in Shanghai."""

from __future__ import annotations

import pytest

from core.clock import virtual
from tests.kernel.conftest import attacker
from tests.sla.desk import Desk, at, staffed

__all__ = ["attacker"]


@pytest.fixture
def clock():
    with virtual(at("16 10:00")) as ticking:
        yield ticking


@pytest.fixture
def desk(clock, tenant) -> Desk:
    return staffed(tenant, clock)
