"""Versioned definitions: declared once for all, edited per tenant, and kept for the tickets that run on them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from core.bodies import KINDS, from_body, to_body
from core.clock import now
from core.db import Base, UtcDateTime, db
from core.errors import Conflict, Invalid, NotFound, Problem
from core.events import Event, canonical_json, emit
from core.plugins import catalog, enabled
from core.tenancy import TenantKeyed, bump_config, current_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.actors import Actor
    from core.catalog import Catalog


class DeclaredDefinition(Base):
    """A version that a plugin declared; global, append-only, so that an old ticket finds what it runs on."""

    __tablename__ = "declared_definition"
    kind: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(60))
    body: Mapped[str] = mapped_column(sa.Text)
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class EditedDefinition(TenantKeyed, Base):
    """A tenant's own version of a declared definition, or one of its own making (`based_on` empty)."""

    __tablename__ = "definition"
    kind: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    origin: Mapped[str] = mapped_column(sa.String(16))
    body: Mapped[str] = mapped_column(sa.Text)
    current: Mapped[bool] = mapped_column(default=True)
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    edited_by: Mapped[UUID | None]


@dataclass(frozen=True, kw_only=True)
class DefinitionEdited(Event):
    """A tenant changed a definition: kind, name and the new version, which the next tickets run on."""

    type = "definition.edited"
    kind: str
    name: str
    version: str
    origin: str


def sync_declared(found: Catalog) -> int:
    """Append every declared definition whose body is new; run by `db upgrade`. Gives how many were appended."""
    latest = _latest_declared()
    appended = 0
    for kind in KINDS:
        for name, value in found.shelf(kind).items():
            body = canonical_json(to_body(value))
            version, known = latest.get((kind, name), ("0", ""))
            if body != known:
                db.session.add(
                    DeclaredDefinition(
                        kind=kind,
                        name=name,
                        version=str(int(version) + 1),
                        owner=found.owner(kind, name),
                        body=body,
                    )
                )
                appended += 1
    return appended


def _latest_declared() -> dict[tuple[str, str], tuple[str, str]]:
    latest: dict[tuple[str, str], tuple[str, str]] = {}
    for row in db.session.scalars(sa.select(DeclaredDefinition)):
        if int(row.version) > int(latest.get((row.kind, row.name), ("0", ""))[0]):
            latest[row.kind, row.name] = (row.version, row.body)
    return latest


def undeclared(found: Catalog) -> list[str]:
    """Definitions of the code that the database has not heard of: `db upgrade` is due."""
    latest = _latest_declared()
    return [
        f"{kind} {name}"
        for kind in KINDS
        for name, value in found.shelf(kind).items()
        if latest.get((kind, name), ("", ""))[1] != canonical_json(to_body(value))
    ]


@lru_cache(maxsize=2048)
def _parse(kind: str, body: str) -> Any:
    return from_body(KINDS[kind], json.loads(body))


def current_version(kind: str, name: str) -> str:
    """The version that a new ticket gets: the tenant's edit if there is one, else the latest declared; NotFound."""
    try:
        return _current().versions[kind, name]
    except KeyError:
        raise NotFound(f"no {kind} {name}", kind=kind, name=name) from None


@dataclass(frozen=True)
class _Current:
    """What is current for a tenant at one `config_version`; `usable` holds names by kind, once they were asked for."""

    config_version: int
    versions: dict[tuple[str, str], str]
    usable: dict[str, tuple[str, ...]]


def _current() -> _Current:
    tenant = current_tenant()
    cache: dict[UUID, _Current] = current_app.extensions["polydesk_definitions"]
    cached = cache.get(tenant.id)
    if cached and cached.config_version == tenant.config_version:
        return cached
    versions = {key: version for key, (version, _) in _latest_declared().items()}
    edits = db.session.execute(
        sa.select(EditedDefinition.kind, EditedDefinition.name, EditedDefinition.version).where(
            EditedDefinition.current
        )
    )
    versions |= {(kind, name): version for kind, name, version in edits}
    found = cache[tenant.id] = _Current(tenant.config_version, versions, {})
    return found


def get(kind: str, name: str, version: str = "") -> Any:
    """The definition `name` of `kind` at `version` ("" = current); raises NotFound. Works for plugins that are off."""
    version = version or current_version(kind, name)
    bodies: dict[tuple[Any, ...], str] = current_app.extensions["polydesk_bodies"]
    edited = "+" in version
    key = (current_tenant().id if edited else None, kind, name, version)
    if key not in bodies:
        model = EditedDefinition if edited else DeclaredDefinition
        body = db.session.scalar(
            sa.select(model.body).where(
                model.kind == kind, model.name == name, model.version == version
            )
        )
        if body is None:
            raise NotFound(f"no {kind} {name} {version}", kind=kind, name=name, version=version)
        bodies[key] = body
    return _parse(kind, bodies[key])


def names(kind: str) -> tuple[str, ...]:
    """Names of a kind that this tenant can use now: of core, of plugins that are on, and of its own making."""
    current = _current()
    if kind not in current.usable:
        owners = catalog().owners
        found = (name for k, name in current.versions if k == kind)
        current.usable[kind] = tuple(
            sorted(name for name in found if enabled(owners.get((kind, name), "")))
        )
    return current.usable[kind]


def all_current(kind: str) -> dict[str, Any]:
    """Every usable definition of a kind by name, at its current version."""
    return {name: get(kind, name) for name in names(kind)}


def history(kind: str, name: str) -> list[EditedDefinition]:
    """The tenant's own versions, newest first."""
    rows = db.session.scalars(
        sa.select(EditedDefinition)
        .where(EditedDefinition.kind == kind, EditedDefinition.name == name)
        .order_by(EditedDefinition.edited_at.desc())
    )
    return list(rows)


_checks: dict[str, list[Callable[[Any], list[Problem]]]] = defaultdict(list)


def register_check(kind: str, check: Callable[[Any], list[Problem]]) -> None:
    """Have `check(value)` say what is wrong with a tenant's edit before it is kept; saying it twice is once."""
    if check not in _checks[kind]:
        _checks[kind].append(check)


def edit(
    kind: str, name: str, body: dict[str, Any], *, actor: Actor, seen: str | None = None
) -> str:
    """Store a tenant's version of `name` and make it current; gives the new version, raises Invalid for a bad body.

    `seen` is the version that the editor was shown: Conflict when another one is current by now.
    """
    try:
        value = from_body(KINDS[kind], body)
    except (TypeError, ValueError) as error:
        raise Invalid(
            Problem(field="body", message="definition.shape", values=(("why", str(error)),))
        ) from error
    if value.name != name:
        raise Invalid(Problem(field="name", message="definition.name_fixed"))
    if problems := [problem for check in _checks[kind] for problem in check(value)]:
        raise Invalid(*problems)
    bump_config()  # holds the tenant's row: who edits at the same time waits, and reads what is kept here
    base = _latest_declared().get((kind, name), ("0", ""))[0]
    earlier = history(kind, name)
    if seen is not None and seen != next((row.version for row in earlier if row.current), base):
        raise Conflict("somebody else edited it", reason="edited")
    number = 1 + max((int(row.version.split("+")[1]) for row in earlier), default=0)
    for row in earlier:
        row.current = False
    row = EditedDefinition(
        kind=kind,
        name=name,
        version=f"{base}+{number}",
        origin=base if base != "0" else "own",
        body=canonical_json(to_body(value)),
        edited_by=actor.id,
    )
    db.session.add(row)
    emit(
        DefinitionEdited(kind=kind, name=name, version=row.version, origin=row.origin),
        subject=("tenant", current_tenant().id),
        actor=actor,
    )
    return row.version


def take_declared(kind: str, name: str, *, actor: Actor) -> str:
    """Drop the tenant's edit: the latest declared version becomes current again."""
    bump_config()  # waits like edit()
    version = _latest_declared()[kind, name][0]
    for row in history(kind, name):
        row.current = False
    emit(
        DefinitionEdited(kind=kind, name=name, version=version, origin="declared"),
        subject=("tenant", current_tenant().id),
        actor=actor,
    )
    return version
