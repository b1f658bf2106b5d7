"""The exam itself, from an empty installation to the plugin's rest."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import definitions, upgrade, work
from core.actors import SYSTEM, Actor, Reach
from core.app import create_app
from core.clock import now, uuid7
from core.config import Config
from core.contacts.links import MATTER_GRANTS
from core.db import Base, clear_session, db, transaction
from core.errors import PluginUnavailable
from core.panels import cards, draw_card, draw_panel
from core.plugins import TenantPlugin, catalog, enabled, offered, switches, tell
from core.tenancy import (
    Tenant,
    TenantDomain,
    TenantRecord,
    as_tenant,
    bump_config,
    current_tenant,
    find_tenant,
)
from core.testing.life import (
    check_rest,
    check_settings,
    check_way_down,
    check_work,
    differences,
    furnish,
)
from core.testing.paper import Exam, mine
from core.testing.surface import check_contracts, check_words, knock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from flask import Flask


def check_plugin(
    module: ModuleType, *, beside: tuple[ModuleType, ...] = (), demo: bool = True
) -> Exam:
    """Put the plugin of `module` through the exam on a fresh SQLite installation; `exam.wrong` is empty when it passes.

    `beside` are what it requires (and tenants.hooks, for screens). Looked at: loads alone, version fits, migrations up,
    down and up, names prefixed, README there, titles and catalogs in both languages, contracts of its routes, schemas
    of its events, settings round trip, switched on, panels and cards drawn, data classes name real tables, jobs and
    handlers run twice, `seed_demo` twice adds nothing (not with `demo=False`), off (routes 404, nothing offered, jobs
    rest), on again, another tenant sees nothing, a person is exported and erased.
    """
    exam = Exam(module.plugin.name)
    with tempfile.TemporaryDirectory() as folder:
        app = _installation(Path(folder), (*beside, module))
        with app.app_context():
            upgrade.upgrade(app.extensions["polydesk_config"])
            _check_papers(exam, module)
            check_words(exam, module)
            check_contracts(exam, app)
            _check_life(exam, module, app, demo=demo)
            check_way_down(exam, app)
            clear_session()
            for engine in db.engines.values():
                engine.dispose()
    return exam


@contextmanager
def trial(module: ModuleType, *, beside: tuple[ModuleType, ...] = ()) -> Iterator[Flask]:
    """A fresh SQLite installation for a test of the plugin's own, inside a small company that has the plugin on.

    The company has a team, a person per built-in role and two customers; its host is `exam-one.localhost`.
    """
    with tempfile.TemporaryDirectory() as folder:
        app = _installation(Path(folder), (*beside, module))
        with app.app_context():
            upgrade.upgrade(app.extensions["polydesk_config"])
            tenant = _tenant("exam-one")
            with as_tenant(tenant):
                furnish()
                _switch(module, on=True)
            with as_tenant(_fresh(tenant)):
                yield app
            clear_session()
            for engine in db.engines.values():
                engine.dispose()


def _check_life(exam: Exam, module: ModuleType, app: Flask, *, demo: bool) -> None:
    """On, at work, off, on again, beside a tenant that never had it."""
    one, other = _tenant("exam-one"), _tenant("exam-two")
    with as_tenant(one):
        furnish()
        _switch(module, on=True)
    with as_tenant(_fresh(one)):
        _check_on(exam, module)
        check_settings(exam)
        check_work(exam, demo=demo)
        _check_person(exam)
        on = knock(app, exam)
        exam.must(
            "its routes answer", all(status < HTTPStatus.INTERNAL_SERVER_ERROR for status in on)
        )
        _switch(module, on=False)
    with as_tenant(_fresh(one)):
        exam.must("off: nothing is offered", not _offered(module))
        check_rest(exam)
        exam.must("off: its routes answer 404", set(knock(app, exam)) <= {HTTPStatus.NOT_FOUND})
        _switch(module, on=True)
    with as_tenant(_fresh(one)):
        exam.must("on again", enabled(module.plugin.name))
        exam.must("on again: its routes answer as before", knock(app, exam) == on)
    with as_tenant(other):
        sees = _offered(module) or enabled(module.plugin.name)
        exam.must("another tenant sees nothing", not sees)


def _installation(folder: Path, modules: tuple[ModuleType, ...]) -> Flask:
    url = f"sqlite:///{folder / 'exam.db'}"
    config = Config(
        data=folder, database_url=url, owner_url=url, worker_url=url, extra={"TESTING": True}
    )
    return create_app(config, list(modules))


def _tenant(slug: str) -> Tenant:
    with transaction():
        row = TenantRecord(
            id=uuid7(),
            slug=slug,
            name={"en": slug},
            locale="en",
            timezone="UTC",
            state="active",
            brand={},
            config_version=1,
        )
        db.session.add(row)
        db.session.flush()  # the domain's foreign key wants the row to be there
        db.session.add(TenantDomain(domain=f"{slug}.localhost", tenant_id=row.id))
    return _found(slug)


def _found(slug: str) -> Tenant:
    tenant = find_tenant(slug)
    if tenant is None:
        raise LookupError(slug)
    return tenant


def _fresh(tenant: Tenant) -> Tenant:
    return _found(tenant.slug)


def _switch(module: ModuleType, *, on: bool) -> None:
    plugin, tenant = module.plugin, current_tenant()
    with transaction():
        for name in (*plugin.requires, plugin.name):
            row = db.session.get(TenantPlugin, (tenant.id, name))
            if row is None:
                row = TenantPlugin(plugin=name, version=catalog().plugins[name].version)
                db.session.add(row)
            row.enabled_at = now() if on else None
        (work.schedule_jobs if on else work.unschedule_jobs)(plugin.name)
        tell(plugin.name, "on_enable" if on else "on_disable", tenant=tenant)
        bump_config()


def _offered(module: ModuleType) -> list[str]:
    name = module.plugin.name
    kinds = (
        "permission",
        "ticket_type",
        "form",
        "workflow",
        "panel",
        "card",
        "report",
        "event",
        "handler",
        "job",
    )
    return [item for kind in kinds for item in offered(kind) if catalog().owner(kind, item) == name]


def _check_papers(exam: Exam, module: ModuleType) -> None:
    folder = Path(module.__file__ or "").parent
    name = exam.plugin
    exam.must("README.md is there", (folder / "README.md").is_file())
    tables = upgrade.tables_of(name, catalog())
    declared = {t for t in Base.metadata.tables if t.startswith(f"{name}_")}
    exam.must("tables begin with the plugin's name", tables == declared)
    present = set(sa.inspect(db.engine).get_table_names())
    exam.must("migrations make every table", tables <= present)
    exam.must("migrations and models agree", differences(name) == [])
    for data_class in catalog().shelf("data_class").values():
        exam.must(
            f"{data_class.name} names real tables",
            set(data_class.tables) <= set(Base.metadata.tables),
        )


def _check_on(exam: Exam, module: ModuleType) -> None:
    name = module.plugin.name
    rights = [*catalog().shelf("permission"), *MATTER_GRANTS]
    grants = dict.fromkeys(rights, Reach.ALL)
    actor = Actor(kind="user", id=uuid7(), name="Examiner", grants=grants)
    exam.must("on", enabled(name) and name not in switches().degraded)
    for kind in ("ticket_type", "workflow", "form", "calendar", "metric", "policy"):
        for item in mine(exam, kind):
            if item in offered(kind):
                exam.must(f"{kind} {item} can be read", definitions.get(kind, item).name == item)
    for panel in mine(exam, "panel").values():
        drawn = draw_panel(panel.name, _nothing, actor)
        exam.must(f"panel {panel.name} answers, even for nothing", not drawn.failed)
    for card in cards():
        if catalog().owner("card", card.name) == name:
            exam.must(f"card {card.name} is drawn", not draw_card(card.name, SYSTEM).failed)


def _nothing() -> Any:
    return None


def _check_person(exam: Exam) -> None:
    contact = type("Contact", (), {"id": uuid7()})()
    for hook in ("export_person", "erase_person"):
        try:
            with transaction():
                tell(exam.plugin, hook, contact=contact)
        except PluginUnavailable:
            exam.must(f"{hook} copes with a contact it never met", holds=False)
        else:
            exam.done.append(hook)
