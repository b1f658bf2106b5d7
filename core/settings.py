"""Settings of a tenant: one marshmallow schema per owner, secrets encrypted, unknown keys kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from marshmallow import EXCLUDE, Schema, ValidationError
from sqlalchemy import event
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, db, in_transaction
from core.errors import Conflict, Invalid, NotFound, Problem
from core.events import Event, canonical_json, emit
from core.keys import open_secret, seal_secret
from core.plugins import catalog
from core.tenancy import TenantKeyed, bump_config, current_tenant

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, SessionTransaction

    from core.actors import Actor

PURPOSE = "settings"
MARK = 16
_MISSING = "polydesk_settings_missing"


class Setting(TenantKeyed, Base):
    """What a tenant set for one owner (a plugin's name, "core"); defaults are not stored."""

    __tablename__ = "setting"
    owner: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    schema_version: Mapped[int] = mapped_column(default=1)
    values: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)


@dataclass(frozen=True, kw_only=True)
class SettingsChanged(Event):
    """Settings of `owner` changed; names of the fields, never their values (a secret may be among them)."""

    type = "settings.changed"
    owner: str
    fields: tuple[str, ...]


def schema_of(owner: str) -> Schema:
    """The owner's settings schema; NotFound when it declares none.

    A field's metadata may carry title, help, unit, group and `secret: True`; a schema may carry `version` and
    `migrate(old_values, old_version)`.
    """
    found = catalog().settings.get(owner)
    if found is None:
        raise NotFound(f"{owner} has no settings")
    return found()


def get(owner: str) -> dict[str, Any]:
    """Every setting of `owner` with defaults filled in and secrets in clear: for code, never for screens."""
    schema = schema_of(owner)
    stored = _stored(owner, schema)
    for name in _secrets(schema) & stored.keys():
        stored[name] = open_secret(PURPOSE, stored[name])
    loaded: dict[str, Any] = schema.load(stored, unknown=EXCLUDE, partial=True)
    defaults = {
        name: field.load_default for name, field in schema.fields.items() if name not in loaded
    }
    return loaded | {
        name: value() if callable(value) else value for name, value in defaults.items()
    }


def shown(owner: str) -> dict[str, Any]:
    """The same for screens: a secret is True when it is set."""
    values = get(owner)
    return {
        name: bool(value) if name in _secrets(schema_of(owner)) else value
        for name, value in values.items()
    }


def mark_of(values: dict[str, Any]) -> str:
    """A short text that is another one for other values: what a form was drawn from."""
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()[:MARK]


def mark(owner: str) -> str:
    """The mark of what is set for `owner` now, for `save` to compare."""
    return mark_of(_stored(owner, schema_of(owner)))


def save(owner: str, values: dict[str, Any], *, actor: Actor, seen: str | None = None) -> None:
    """Set `values` (only the fields given; an empty secret leaves the old one); Invalid names each bad field.

    `seen` is the `mark` that the editor's form was drawn with: Conflict when something else is set by now.
    """
    schema = schema_of(owner)
    given = {k: v for k, v in values.items() if not (k in _secrets(schema) and v in ("", None))}
    try:
        schema.load(given, partial=True)
    except ValidationError as error:
        raise Invalid(*_problems(error)) from error
    bump_config()  # holds the tenant's row: who saves at the same time waits, and reads what is kept here
    row = db.session.get(Setting, (current_tenant().id, owner), populate_existing=True)
    before = _values(row, schema) if row else {}
    if seen is not None and seen != mark_of(before):
        raise Conflict("somebody else set it", reason="edited")
    if row is None:
        row = Setting(owner=owner, schema_version=_version(schema), values={})
        db.session.add(row)
        db.session().info.pop(_MISSING, None)
    sealed = {k: seal_secret(PURPOSE, v) if k in _secrets(schema) else v for k, v in given.items()}
    row.values, row.schema_version = before | sealed, _version(schema)
    changed = tuple(sorted(k for k in sealed if before.get(k) != sealed[k]))
    if changed:
        emit(
            SettingsChanged(owner=owner, fields=changed),
            subject=("tenant", current_tenant().id),
            actor=actor,
        )


def _stored(owner: str, schema: Schema) -> dict[str, Any]:
    missing = db.session().info.setdefault(_MISSING, set()) if in_transaction() else set()
    if owner in missing:
        return {}
    row = db.session.get(Setting, (current_tenant().id, owner))
    if row is None:
        missing.add(owner)
        return {}
    return _values(row, schema)


def _values(row: Setting, schema: Schema) -> dict[str, Any]:
    if row.schema_version != _version(schema):
        migrated: dict[str, Any] = schema.migrate(dict(row.values), row.schema_version)  # type: ignore[attr-defined]
        return migrated
    return dict(row.values)


@event.listens_for(db.session, "after_transaction_end")
def _look_again(session: Session, transaction: SessionTransaction) -> None:
    """Whose settings were never changed is known for one transaction."""
    if transaction.nested or transaction.parent is None:
        session.info.pop(_MISSING, None)


def _version(schema: Schema) -> int:
    return int(getattr(schema, "version", 1))


def _secrets(schema: Schema) -> set[str]:
    return {name for name, field in schema.fields.items() if field.metadata.get("secret")}


def _problems(error: ValidationError) -> list[Problem]:
    messages: Any = error.messages
    return [
        Problem(field=str(name), message=str(words[0] if isinstance(words, list) else words))
        for name, words in messages.items()
    ]
