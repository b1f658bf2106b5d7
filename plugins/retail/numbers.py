"""Numbers of the plugin's own series: cards, applications, vouchers, store credit."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.sdk import db, now
from plugins.retail.models import Counter

FORMS = {
    "member": "88{value:08}",
    "card": "66{value:08}",
    "application": "HY{value:06}",
    "voucher": "TH{year}{value:06}",
    "credit": "SC{year}{value:06}",
    "receipt": "XP{year}{value:06}",
}


def take(series: str) -> str:
    """The next number of a series; nobody else gets it, and a rolled-back one is given again."""
    counted: Any = (
        sa.update(Counter)
        .where(Counter.series == series)
        .values(value=Counter.value + 1)
        .returning(Counter.value)
        .execution_options(synchronize_session=False)
    )
    # Whatever waits to be written does not change the count: no reason to write it now.
    with db.session.no_autoflush:
        value = db.session.scalar(counted)
    if value is None:
        value = 1
        db.session.add(Counter(series=series, value=value))
        # the next number of this series reads the row
        db.session.flush()
    return FORMS[series].format(value=value, year=now().year % 100)
