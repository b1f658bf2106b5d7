"""An application with the dummy plugin beside the installed ones, on this worker's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import definitions
from core.actors import OPERATOR
from core.db import clear_session, db, transaction
from core.plugins import catalog
from core.tenancy import Tenant, as_tenant, find_tenant
from tenants import service
from tests.conftest import make_app, make_config
from tests.dummy import hooks as dummy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask


@pytest.fixture(scope="session")
def dummy_app(
    database: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application as an operator has it after installing the dummy."""
    config = make_config(tmp_path_factory.mktemp("dummy"), database)
    made = make_app(config, dummy)
    with made.app_context():
        with transaction():
            definitions.sync_declared(catalog())
        clear_session()
        yield made
        clear_session()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def nodding(dummy_app: Flask, app: Flask, request: pytest.FixtureRequest) -> Iterator[Tenant]:
    """A fresh tenant with the dummy on, entered; its mood is good again afterwards."""
    with dummy_app.app_context():
        slug = f"nod-{abs(hash(request.node.name)) % 10**9}-{len(_seen)}"
        _seen.append(slug)
        with transaction():
            made = service.create_tenant(slug, {"zh-CN": "点头", "en": "Nods"})
        with as_tenant(made), transaction():
            service.enable_plugin("dummy", actor=OPERATOR)
        fresh = find_tenant(slug)
        with as_tenant(fresh):
            dummy.mood.hook, dummy.mood.does = "", ""
            dummy.mood.seen.clear()
            yield fresh
        dummy.mood.hook, dummy.mood.does = "", ""


_seen: list[str] = []
