"""What the tests of webhooks say and read."""

from __future__ import annotations

import sqlalchemy as sa

from core.actors import SYSTEM
from core.db import clear_session, db, transaction
from core.events import emit
from core.jobs import (
    Delivery,
)
from core.tenancy import current_tenant
from core.webhooks import service
from tenants.service import TenantStateChanged

TOPIC = TenantStateChanged.type


def say_something():
    with transaction():
        row = emit(
            TenantStateChanged(before="active", after="suspended"),
            subject=("tenant", current_tenant().id),
            actor=SYSTEM,
        )
        return row.id


def deliveries():
    clear_session()
    return db.session.scalars(sa.select(Delivery).order_by(Delivery.id)).all()


def log(endpoint_id):
    clear_session()
    return service.attempts(endpoint_id).items
