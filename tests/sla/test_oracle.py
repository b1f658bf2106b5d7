"""Ten thousand random promises against a walk through time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.sla.cases import Case, cases, disagreement

CHUNKS, EACH = 10, 1000


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_clocks_agree_with_the_walk(chunk: int, record_property: pytest.RecordProperty) -> None:
    seen: list[int] = []

    @seed(chunk)
    @settings(
        max_examples=EACH,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(case=cases())
    def agree(case: Case) -> None:
        seen.append(case.count)
        assert disagreement(case) == ""

    agree()
    record_property("steps", sum(seen))
    assert len(seen) >= EACH
    assert max(seen) <= 2000
    print(f"chunk {chunk}: {len(seen)} cases, {sum(seen)} steps walked, longest {max(seen)}")  # noqa: T201  the figure is the point
