"""A desk in a mall: people, goods and cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.clock import VirtualClock, virtual
from core.tenancy import Tenant
from tests.retail.world import Case, sell, stock
from tests.tickets.conftest import House, build_house

MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""


@pytest.fixture
def clock() -> Any:
    with virtual(MONDAY) as made:
        yield made


@pytest.fixture
def mall(tenant: Tenant, clock: VirtualClock) -> House:
    """A furnished tenant with goods on sale."""
    made = build_house(tenant)
    stock()
    return made


@pytest.fixture
def case_of(mall: House) -> Any:
    """A case about a receipt."""

    def make(sale: Any = None) -> Case:
        return Case(sale or sell(kind="bank"), mall.agent, mall.supervisor, mall.manager)

    return make
