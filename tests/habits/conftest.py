"""The whole house with the dummy plugin in it, and worlds in which every kind of thing exists."""

from __future__ import annotations

import pytest

from core import definitions
from core.db import clear_session, db, transaction
from core.plugins import catalog
from tests.conftest import make_app, make_config
from tests.dummy import hooks as dummy
from tests.habits.world import World


@pytest.fixture(scope="session")
def whole(database, tmp_path_factory):
    """The application as an operator has it after installing the dummy."""
    made = make_app(make_config(tmp_path_factory.mktemp("whole"), database), dummy)
    with made.app_context():
        with transaction():
            definitions.sync_declared(catalog())
        clear_session()
    yield made
    with made.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(scope="session")
def mine(whole):
    """The tenant that is asked."""
    return World(whole)


@pytest.fixture(scope="session")
def theirs(whole):
    """Another tenant, whose real ids are tried on the first."""
    return World(whole)
