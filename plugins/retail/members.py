"""Members and cards: the application (FM-09), its way to the card, and what happens to a card later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    Conflict,
    Invalid,
    NotFound,
    PointIn,
    Problem,
    create_contact,
    current_tenant,
    db,
    definition,
    definition_version,
    emit,
    find_matches,
    load_form,
    move,
    normalise_point,
    now,
    settings,
)
from plugins.retail import households, numbers, points
from plugins.retail.events import (
    ApplicationMoved,
    ApplicationTaken,
    CardIssued,
    CardLost,
    CardReplaced,
    MemberJoined,
)
from plugins.retail.locks import lock
from plugins.retail.models import Application, Member, MemberCard
from plugins.retail.workflow import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.sdk import Actor

PENDING, ACTIVE, CLOSED = "pending_completion", "active", "closed"
WORKING = ("active", "pending")
SOON = timedelta(days=30)


# --- reading ------------------------------------------------------------------------------------


def get_member(member_id: UUID) -> Member:
    """The member; NotFound."""
    found = db.session.get(Member, (current_tenant().id, member_id))
    if found is None:
        raise NotFound(f"no member {member_id}")
    return found


def member_of_contact(contact_id: UUID) -> Member | None:
    """The member that a contact is."""
    query = sa.select(Member).where(Member.contact_id == contact_id, Member.status != CLOSED)
    return db.session.scalars(query.order_by(Member.joined_at).limit(1)).one_or_none()


def cards_of(member_id: UUID) -> list[MemberCard]:
    """A member's cards, newest first."""
    query = sa.select(MemberCard).where(MemberCard.member_id == member_id)
    return list(
        db.session.scalars(query.order_by(MemberCard.issued_at.desc(), MemberCard.id.desc()))
    )


def working_card(member_id: UUID) -> MemberCard | None:
    """The card that works now."""
    return next((card for card in cards_of(member_id) if card.state in WORKING), None)


def get_card(card_id: UUID) -> MemberCard:
    """The card; NotFound."""
    found = db.session.get(MemberCard, (current_tenant().id, card_id))
    if found is None:
        raise NotFound(f"no card {card_id}")
    return found


def get_application(application_id: UUID) -> Application:
    """The application; NotFound."""
    found = db.session.get(Application, (current_tenant().id, application_id))
    if found is None:
        raise NotFound(f"no application {application_id}")
    return found


def household_of(key: str, *, besides: UUID | None = None) -> Member | None:
    """The living member of a household (RT-04)."""
    query = sa.select(Member).where(Member.household_key == key, Member.status != CLOSED)
    if besides is not None:
        query = query.where(Member.id != besides)
    return (
        db.session.scalars(query.order_by(Member.joined_at).limit(1)).one_or_none() if key else None
    )


# --- applying -----------------------------------------------------------------------------------


def apply_for_card(answers: Mapping[str, Any], *, actor: Actor) -> Application:
    """Take an application in (FM-09); Invalid names what lacks, a proxy without ID numbers among it (RT-06)."""
    given = load_form(definition("form", "retail.application"), dict(answers))
    problems = _proxy_problems(given)
    number = given.get("id_number") or ""
    if number and _member_by_id(number):
        problems.append(Problem(field="id_number", message="retail.error.member_already"))
    if number and not households.plain_id(number):
        problems.append(Problem(field="id_number", message="retail.error.id_number"))
    if problems:
        raise Invalid(*problems)
    application = _application(given, actor)
    db.session.add(application)
    conflict = application.conflict_with is not None
    fact = ApplicationTaken(
        application_id=application.id, proxy=application.proxy, conflict=conflict
    )
    emit(fact, subject=("retail.application", application.id), actor=actor)
    return application


def _proxy_problems(given: Mapping[str, Any]) -> list[Problem]:
    """RT-06: for family or friends, both ID numbers or no card."""
    if not given.get("proxy"):
        return []
    return [
        Problem(field=name, message="retail.error.proxy_id")
        for name in ("id_number", "proxy_id")
        if not given.get(name)
    ]


def _member_by_id(number: str) -> Member | None:
    hashed = households.id_hash(number)
    query = sa.select(Member).where(Member.id_hash == hashed, Member.status != CLOSED)
    return db.session.scalars(query.limit(1)).one_or_none() if hashed else None


def _application(given: Mapping[str, Any], actor: Actor) -> Application:
    flow = definition("workflow", APPLICATION)
    signature = given.get("signature") or {}
    key = households.household_key(given["address"])
    other = household_of(key)
    return Application(
        number=numbers.take("application"),
        state=flow.initial,
        version=1,
        workflow_version=definition_version("workflow", APPLICATION),
        name=given["name"],
        phone=given["phone"],
        mail=given.get("mail") or "",
        id_hash=households.id_hash(given.get("id_number") or ""),
        id_mask=households.id_mask(given.get("id_number") or ""),
        address=given["address"],
        household_key=key,
        birthday=given.get("birthday"),
        proxy=bool(given.get("proxy")),
        proxy_name=given.get("proxy_name") or "",
        proxy_phone=given.get("proxy_phone") or "",
        proxy_id_mask=households.id_mask(given.get("proxy_id") or ""),
        signed_name=signature.get("typed_name") or "",
        signature_id=signature.get("attachment_id"),
        conflict_with=other.id if other else None,
        taken_by=actor.id,
        taken_name=actor.name,
        taken_at=now(),
    )


def take_step(
    application_id: UUID,
    name: str,
    answers: Mapping[str, Any],
    *,
    actor: Actor,
    version: int | None,
) -> Application:
    """Move an application along; raises NotOffered, Forbidden, Invalid or StaleVersion."""
    application = get_application(application_id)
    lock(application)
    application.conflict_with = _conflict_now(application)
    flow = definition("workflow", APPLICATION, application.workflow_version)
    moved = move(application, name, answers, actor=actor, workflow=flow, version=version)
    effect = _EFFECTS.get(name)
    if effect is not None:
        effect(application, moved.answers, actor)
    fact = ApplicationMoved(
        application_id=application.id,
        transition=name,
        from_state=moved.source.name,
        to_state=moved.target.name,
    )
    emit(fact, subject=("retail.application", application.id), actor=actor)
    return application


def _conflict_now(application: Application) -> UUID | None:
    """Somebody of the household may have got a card, or given it back, since."""
    other = household_of(application.household_key, besides=application.member_id)
    return other.id if other else None


def _check(application: Application, _answers: dict[str, Any], actor: Actor) -> None:
    application.checked_name, application.checked_at = actor.name, now()


def _set_aside(application: Application, answers: dict[str, Any], actor: Actor) -> None:
    """RT-05: a card with limited benefits until the ID number comes."""
    _check(application, answers, actor)
    member = _join(application, PENDING, actor)
    _issue_card(member, "pending", actor)


def _complete(application: Application, answers: dict[str, Any], _actor: Actor) -> None:
    number = answers["id_number"]
    if not households.plain_id(number):
        raise Invalid(Problem(field="form.id_number", message="retail.error.id_number"))
    if _member_by_id(number):
        raise Invalid(Problem(field="form.id_number", message="retail.error.member_already"))
    application.id_hash, application.id_mask = (
        households.id_hash(number),
        households.id_mask(number),
    )


def _override(application: Application, answers: dict[str, Any], actor: Actor) -> None:
    application.override_name, application.override_reason = actor.name, answers["reason"]


def _refuse(application: Application, answers: dict[str, Any], _actor: Actor) -> None:
    application.override_reason, application.decided_at = answers["reason"], now()


def _issue(application: Application, _answers: dict[str, Any], actor: Actor) -> None:
    application.decided_at = now()
    if application.member_id is None:
        _issue_card(_join(application, ACTIVE, actor), "active", actor)
        return
    member = get_member(application.member_id)
    member.status = ACTIVE
    member.id_hash, member.id_mask = application.id_hash, application.id_mask
    card = working_card(member.id)
    if card is None:
        _issue_card(member, "active", actor)
    else:
        card.state = "active"


_EFFECTS = {
    "check": _check,
    "set_aside": _set_aside,
    "complete": _complete,
    "override": _override,
    "refuse": _refuse,
    "issue": _issue,
}


def _join(application: Application, status: str, actor: Actor) -> Member:
    contact_id = application.contact_id or _contact_for(application, actor)
    member = Member(
        number=numbers.take("member"), contact_id=contact_id, name=application.name,
        phone=application.phone, id_hash=application.id_hash, id_mask=application.id_mask,
        address=application.address, household_key=application.household_key,
        birthday=application.birthday, status=status, joined_at=now(),
    )  # fmt: skip
    db.session.add(member)
    db.session.flush()  # accounts, cards and the application point at the member
    points.open_accounts(member)
    application.member_id, application.contact_id = member.id, contact_id
    fact = MemberJoined(member_id=member.id, pending=status == PENDING)
    emit(fact, subject=("retail.member", member.id), actor=actor)
    return member


def _contact_for(application: Application, actor: Actor) -> UUID:
    """The known customer of that name and telephone, else a new one: the agent has seen him."""
    wanted = [PointIn("phone", application.phone)]
    for contact in find_matches(wanted):
        if contact.display_name == application.name and member_of_contact(contact.id) is None:
            return contact.id
    if application.mail:
        wanted.append(PointIn("mail", application.mail))
    contact = create_contact(application.name, points=wanted, verified=True, actor=actor)
    db.session.flush()  # the member's foreign key wants the contact to be there
    return contact.id


def enrol(
    contact_id: UUID, name: str, phone: str, address: str, id_number: str, *, actor: Actor
) -> Member:
    """Take over a member whose card the house had before this system; no application is on file."""
    member = Member(
        number=numbers.take("member"), contact_id=contact_id, name=name, phone=plain_phone(phone),
        id_hash=households.id_hash(id_number), id_mask=households.id_mask(id_number),
        address=address, household_key=households.household_key(address), joined_at=now(),
    )  # fmt: skip
    db.session.add(member)
    db.session.flush()  # accounts and card point at the member
    points.open_accounts(member)
    emit(
        MemberJoined(member_id=member.id, pending=False),
        subject=("retail.member", member.id),
        actor=actor,
    )
    _issue_card(member, "active", actor)
    return member


# --- cards --------------------------------------------------------------------------------------


def _issue_card(
    member: Member, state: str, actor: Actor, *, kind: str = "member", fee: int = 0
) -> MemberCard:
    card = MemberCard(
        number=numbers.take("card"), member_id=member.id, kind=kind, state=state, fee=fee,
        issued_at=now(),
    )  # fmt: skip
    db.session.add(card)
    db.session.flush()  # the card before it may point at this one
    fact = CardIssued(member_id=member.id, card_id=card.id, kind=kind)
    emit(fact, subject=("retail.member", member.id), actor=actor)
    return card


def report_lost(card_id: UUID, *, actor: Actor) -> MemberCard:
    """The card works no more; Conflict when it did not."""
    card = _working(card_id)
    card.state = "lost"
    fact = CardLost(member_id=card.member_id, card_id=card.id)
    emit(fact, subject=("retail.member", card.member_id), actor=actor)
    return card


def replace_card(card_id: UUID, *, kind: str = "member", actor: Actor) -> MemberCard:
    """A new card for a lost or worn one; a lost one costs the tenant's fee (50 yuan as shipped, RT-16)."""
    old = get_card(card_id)
    lock(old)
    if old.state not in {*WORKING, "lost"}:
        raise Conflict("the card was replaced already", field="card_id")
    fee = settings("retail")["replacement_fee"] if old.state == "lost" else 0
    member = get_member(old.member_id)
    state = "pending" if member.status == PENDING else "active"
    new = _issue_card(member, state, actor, kind=kind, fee=fee)
    old.state, old.replaced_by = "replaced", new.id
    fact = CardReplaced(member_id=member.id, card_id=old.id, by_card_id=new.id, fee=fee)
    emit(fact, subject=("retail.member", member.id), actor=actor)
    return new


def _working(card_id: UUID) -> MemberCard:
    card = get_card(card_id)
    lock(card)
    if card.state not in WORKING:
        raise Conflict("the card does not work", field="card_id")
    return card


def plain_phone(written: str) -> str:
    """A telephone number in the one spelling that it is kept in, "" for none."""
    return normalise_point("phone", written) or ""
