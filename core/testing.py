"""The plugin exam, for us and for strangers: `check_plugin(module)` in a test of your own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import definitions, upgrade
from core.actors import SYSTEM, Actor, Reach
from core.app import create_app
from core.clock import now, uuid7
from core.config import Config
from core.db import Base, clear_session, db, transaction
from core.errors import PluginUnavailable
from core.panels import cards, draw_card, draw_panel, panels
from core.plugins import TenantPlugin, catalog, enabled, offered, switches, tell
from core.settings import get as settings_of
from core.tenancy import (
    Tenant,
    TenantDomain,
    TenantRecord,
    as_tenant,
    bump_config,
    current_tenant,
    find_tenant,
)

if TYPE_CHECKING:
    from types import ModuleType

    from flask import Flask


@dataclass
class Exam:
    """What check_plugin() looked at, in words, and what it found wrong."""

    plugin: str
    done: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def must(self, fact: str, holds: object) -> None:
        """Note that `fact` was looked at, and that it does not hold."""
        self.done.append(fact)
        if not holds:
            self.wrong.append(fact)


def check_plugin(module: ModuleType, *, beside: tuple[ModuleType, ...] = ()) -> Exam:
    """Put the plugin of `module` through the exam on a fresh SQLite installation; `exam.wrong` is empty when it passes.

    `beside` are what it requires (and tenants.hooks, for screens). Looked at: loads alone, version fits, migrations up
    and down, names prefixed, README there, switched on, panels and cards drawn, data classes name real tables, off, on
    again, another tenant sees nothing, a person is exported and erased.
    """
    exam = Exam(module.plugin.name)
    with tempfile.TemporaryDirectory() as folder:
        app = _installation(Path(folder), (*beside, module))
        with app.app_context():
            upgrade.upgrade(app.extensions["polydesk_config"])
            _check_papers(exam, module)
            mine, other = _tenant("exam-one"), _tenant("exam-two")
            with as_tenant(mine):
                _switch(module, on=True)
            with as_tenant(_fresh(mine)):
                _check_on(exam, module)
                _check_person(exam)
                _switch(module, on=False)
            with as_tenant(_fresh(mine)):
                exam.must("off: nothing is offered", not _offered(module))
                _switch(module, on=True)
            with as_tenant(_fresh(mine)):
                exam.must("on again", enabled(module.plugin.name))
            with as_tenant(other):
                exam.must(
                    "another tenant sees nothing",
                    not _offered(module) and not enabled(module.plugin.name),
                )
            clear_session()
            for engine in db.engines.values():
                engine.dispose()
    return exam


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
    for data_class in catalog().shelf("data_class").values():
        exam.must(
            f"{data_class.name} names real tables",
            set(data_class.tables) <= set(Base.metadata.tables),
        )


def _check_on(exam: Exam, module: ModuleType) -> None:
    name = module.plugin.name
    grants = dict.fromkeys(catalog().shelf("permission"), Reach.ALL)
    actor = Actor(kind="user", id=uuid7(), name="Examiner", grants=grants)
    exam.must("on", enabled(name) and name not in switches().degraded)
    if name in catalog().settings:
        exam.must("settings have defaults", settings_of(name) is not None)
    for kind in ("ticket_type", "workflow", "form", "calendar", "metric", "policy"):
        for item in offered(kind):
            if catalog().owner(kind, item) == name:
                exam.must(f"{kind} {item} can be read", definitions.get(kind, item).name == item)
    for panel in panels("ticket", actor):
        if catalog().owner("panel", panel.name) == name:
            drawn = draw_panel(panel.name, _nothing, actor)
            exam.must(f"panel {panel.name} answers, even for an empty ticket", drawn is not None)
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
