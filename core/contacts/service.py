"""Contacts: found without mixing people up, shown masked, revealed with a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from core.clock import now
from core.contacts.events import (
    ContactCreated,
    ContactDetailsChanged,
    ContactPointAdded,
    ContactPointRemoved,
    ContactPointRevealed,
    ContactVerified,
)
from core.contacts.models import (
    Contact,
    ContactPoint,
)
from core.contacts.points import PointIn, masked, normalise, normalise_all
from core.db import db
from core.errors import Conflict, Invalid, NotFound, Problem, StaleVersion, VersionMissing
from core.events import emit
from core.i18n import text
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from core.actors import Actor

EDITABLE = ("display_name", "locale", "timezone")
REVEAL_REASONS = ("call_back", "identity_check", "visit", "documents", "other")
NAME_LENGTH = 200
MERGE_DEPTH = 20


def create_contact(
    display_name: str,
    *,
    points: Sequence[PointIn] = (),
    locale: str = "",
    timezone: str = "",
    verified: bool = False,
    external: tuple[str, str] | None = None,
    actor: Actor,
) -> Contact:
    """A new customer; `external` is (an app's name, its own id). Invalid names bad points."""
    wanted = normalise_all(list(points))
    _check_name(display_name)
    if external and contact_by_external(*external):
        raise Conflict("the external id is taken", field="external_id")
    source, external_id = external or (None, None)
    contact = Contact(
        display_name=display_name.strip(), locale=locale, timezone=timezone, created_at=now(),
        verified_at=now() if verified else None, external_source=source, external_id=external_id,
    )  # fmt: skip
    db.session.add(contact)
    db.session.add_all(_point(contact.id, point) for point in wanted)
    kinds = tuple(point.kind for point in wanted)
    event = ContactCreated(contact_id=contact.id, point_kinds=kinds, verified=verified)
    emit(event, subject=("contact", contact.id), actor=actor)
    return contact


def _point(contact_id: UUID, point: PointIn) -> ContactPoint:
    return ContactPoint(contact_id=contact_id, kind=point.kind, value=point.value, created_at=now())


def _check_name(display_name: str) -> None:
    if not display_name.strip() or len(display_name) > NAME_LENGTH:
        raise Invalid(Problem(field="display_name", message="contacts.name.missing"))


def get_contact(contact_id: UUID) -> Contact:
    """The contact, or the one that it was merged into; NotFound."""
    wanted: UUID | None = contact_id
    for _ in range(MERGE_DEPTH):
        contact = db.session.get(Contact, (current_tenant().id, wanted))
        if contact is None:
            break
        if contact.merged_into is None:
            return contact
        wanted = contact.merged_into
    raise NotFound(f"no contact {contact_id}")


def ids_of(contact_id: UUID) -> list[UUID]:
    """The contact's id and those of all that were merged into it."""
    found, layer = [contact_id], [contact_id]
    while layer:
        layer = list(
            db.session.scalars(sa.select(Contact.id).where(Contact.merged_into.in_(layer)))
        )
        found.extend(layer)
    return found


def contact_by_external(source: str, external_id: str) -> Contact | None:
    """The contact that an app knows under its own id."""
    row = db.session.scalars(
        sa.select(Contact).where(
            Contact.external_source == source, Contact.external_id == external_id
        )
    ).one_or_none()
    return get_contact(row.id) if row else None


def find_matches(points: Sequence[PointIn]) -> list[Contact]:
    """Contacts with any of these points, verified ones first: offered to agents, who decide."""
    pairs = [(p.kind, value) for p in points if (value := normalise(p.kind, p.value))]
    if not pairs:
        return []
    rows = db.session.scalars(
        sa.select(Contact)
        .join(ContactPoint, _of_contact())
        .where(_living(), sa.or_(*(_is_point(kind, value) for kind, value in pairs)))
    )
    return sorted(dict.fromkeys(rows), key=lambda c: (not c.verified, c.created_at))


def contact_for_unverified_point(
    display_name: str, points: Sequence[PointIn], *, locale: str = "", actor: Actor
) -> Contact:
    """Who a stranger is: the unverified contact with exactly these points, or a new one.

    Never a verified contact, or a stranger could speak for it. And exactly these points, no more
    and no fewer, or he could put an address of his own beside somebody's telephone and read on.
    """
    wanted = normalise_all(list(points))
    if not wanted:
        raise Invalid(Problem(field="points", message="contacts.point.none"))
    candidates = db.session.scalars(
        sa.select(Contact)
        .join(ContactPoint, _of_contact())
        .where(_living(), Contact.verified_at.is_(None), _is_point(wanted[0].kind, wanted[0].value))
        .order_by(Contact.created_at, Contact.id)
    ).all()
    theirs = points_of([contact.id for contact in candidates])
    for contact in candidates:
        has = {(point.kind, point.value) for point in theirs[contact.id]}
        if has == {(point.kind, point.value) for point in wanted} and contact.external_id is None:
            return contact
    return create_contact(display_name, points=wanted, locale=locale, actor=actor)


def search_contacts(words: str, *, limit: int = 20) -> list[Contact]:
    """Contacts whose name holds the words, or whose point they are."""
    given = words.strip()
    if not given:
        return []
    values = {value for kind in ("phone", "mail", "messenger") if (value := normalise(kind, given))}
    by_point = sa.select(ContactPoint.contact_id).where(
        ContactPoint.tenant_id == current_tenant().id, ContactPoint.value.in_(values)
    )
    found = sa.or_(Contact.display_name.icontains(given, autoescape=True), Contact.id.in_(by_point))
    rows = (
        sa.select(Contact)
        .where(_living(), found)
        .order_by(Contact.display_name, Contact.id)
        .limit(limit)
    )
    return list(db.session.scalars(rows))


def _of_contact() -> Any:
    return sa.and_(
        ContactPoint.tenant_id == Contact.tenant_id, ContactPoint.contact_id == Contact.id
    )


def _is_point(kind: str, value: str) -> Any:
    return sa.and_(ContactPoint.kind == kind, ContactPoint.value == value)


def _living() -> Any:
    return sa.and_(Contact.merged_into.is_(None), Contact.redacted_at.is_(None))


def update_contact(
    contact_id: UUID, changes: Mapping[str, str | None], *, version: int | None, actor: Actor
) -> Contact:
    """Change name, locale or zone (None clears); VersionMissing, StaleVersion, Invalid."""
    contact = get_contact(contact_id)
    _check_version(contact, version, changes)
    if unknown := changes.keys() - set(EDITABLE):
        raise Invalid(
            *(Problem(field=name, message="contacts.field.fixed") for name in sorted(unknown))
        )
    changed = tuple(k for k, v in changes.items() if (v or "") != getattr(contact, k))
    if "display_name" in changed:
        _check_name(changes["display_name"] or "")
    for field in changed:
        setattr(contact, field, (changes[field] or "").strip())
    if changed:
        contact.version += 1
        event = ContactDetailsChanged(contact_id=contact.id, fields=changed)
        emit(event, subject=("contact", contact.id), actor=actor)
    return contact


def _check_version(
    contact: Contact, version: int | None, changes: Mapping[str, str | None]
) -> None:
    if version is None:
        raise VersionMissing
    if contact.version != version:
        fields = {k: [getattr(contact, k), v] for k, v in changes.items() if k in EDITABLE}
        raise StaleVersion(current=contact.version, given=version, fields=fields)


def add_point(contact_id: UUID, point: PointIn, *, actor: Actor) -> ContactPoint:
    """One more way to reach a contact; the same one twice is once."""
    contact = get_contact(contact_id)
    (wanted,) = normalise_all([point])
    for known in points_of([contact.id])[contact.id]:
        if (known.kind, known.value) == (wanted.kind, wanted.value):
            return known
    row = _point(contact.id, wanted)
    db.session.add(row)
    contact.version += 1
    event = ContactPointAdded(contact_id=contact.id, contact_point_id=row.id, kind=row.kind)
    emit(event, subject=("contact", contact.id), actor=actor)
    return row


def remove_point(contact_point_id: UUID, *, actor: Actor) -> None:
    """Strike a point out; its value is overwritten, as mails may still name the row."""
    row = get_point(contact_point_id)
    contact = get_contact(row.contact_id)
    event = ContactPointRemoved(contact_id=contact.id, contact_point_id=row.id, kind=row.kind)
    row.kind, row.value, row.verified_at = "removed", "", None
    contact.version += 1
    emit(event, subject=("contact", contact.id), actor=actor)


def get_point(contact_point_id: UUID) -> ContactPoint:
    """The contact point; NotFound for one that was struck out too."""
    row = db.session.get(ContactPoint, (current_tenant().id, contact_point_id))
    if row is None or not row.value:
        raise NotFound(f"no contact point {contact_point_id}")
    return row


def verify_contact(contact_id: UUID, *, actor: Actor) -> Contact:
    """Record that somebody of the staff made sure who this is."""
    contact = get_contact(contact_id)
    if contact.verified_at is None:
        contact.verified_at = now()
        contact.version += 1
        event = ContactVerified(contact_id=contact.id, how="staff")
        emit(event, subject=("contact", contact.id), actor=actor)
    return contact


def reveal_point(contact_point_id: UUID, *, actor: Actor, reason: str) -> str:
    """The full value of a point, for one of REVEAL_REASONS, on the record."""
    actor.must("contact:reveal")
    row = get_point(contact_point_id)
    if reason not in REVEAL_REASONS:
        raise Invalid(Problem(field="reason", message="contacts.reveal.reason"))
    event = ContactPointRevealed(
        contact_id=row.contact_id, contact_point_id=row.id, kind=row.kind, reason=reason
    )
    emit(event, subject=("contact", row.contact_id), actor=actor)
    return row.value


# Asked for at every letter and every opening, so they are built once.
_POINTS = (
    sa.select(ContactPoint)
    .where(
        ContactPoint.contact_id.in_(sa.bindparam("contact_ids", expanding=True)),
        ContactPoint.value != "",
    )
    .order_by(ContactPoint.id)
)
_COUNT = (
    sa.update(Contact)
    .where(Contact.id == sa.bindparam("contact_id"))
    .values(matters=Contact.matters + 1)
    .execution_options(synchronize_session=False)
)


def points_of(contact_ids: Iterable[UUID]) -> dict[UUID, list[ContactPoint]]:
    """The points of each contact, oldest first."""
    wanted = list(contact_ids)
    found: dict[UUID, list[ContactPoint]] = {contact_id: [] for contact_id in wanted}
    for row in db.session.scalars(_POINTS, {"contact_ids": wanted}):
        found[row.contact_id].append(row)
    return found


def names_of(contact_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names by id; a merged one has its survivor's, an erased one "former customer #..."."""
    wanted = {contact_id for contact_id in contact_ids if contact_id}
    if not wanted:
        return {}
    rows = db.session.scalars(sa.select(Contact).where(Contact.id.in_(wanted))).all()
    return {row.id: shown_name(get_contact(row.id) if row.merged_into else row) for row in rows}


def shown_name(contact: Contact) -> str:
    """The name on screens."""
    if contact.redacted_at is None:
        return contact.display_name
    return text("contacts.name.former", number=contact.id.hex[-6:])


def masked_point(point: ContactPoint) -> dict[str, Any]:
    """A point as everybody may see it."""
    return {
        "id": point.id, "kind": point.kind, "value": masked(point.kind, point.value),
        "verified": point.verified_at is not None,
    }  # fmt: skip


def masked_view(contact: Contact, points: Sequence[ContactPoint] | None = None) -> dict[str, Any]:
    """A contact as every member of staff may see it: points masked (CR-15)."""
    rows = points_of([contact.id])[contact.id] if points is None else points
    return {
        "id": contact.id,
        "display_name": shown_name(contact),
        "locale": contact.locale,
        "timezone": contact.timezone,
        "kind": contact.kind,
        "verified": contact.verified,
        "external_id": contact.external_id,
        "version": contact.version,
        "created_at": contact.created_at,
        "points": [masked_point(row) for row in rows],
    }


def count_matter(contact_id: UUID) -> None:
    """One more ticket was opened for this contact; its version stays, nobody edited it."""
    contact = get_contact(contact_id)
    # Counted where it is stored; nothing that waits to be written bears on it.
    with db.session.no_autoflush:
        db.session.execute(_COUNT, {"contact_id": contact.id})
    set_committed_value(contact, "matters", contact.matters + 1)
