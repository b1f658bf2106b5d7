"""Customers: kept apart, shown masked, revealed with a trace, merged without losing an id."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from core.actors import ANONYMOUS, OPERATOR, SYSTEM, Actor, Reach
from core.clock import uuid7
from core.contacts import identity, merging, organisations, service
from core.contacts.models import Contact, ContactPoint
from core.contacts.points import PointIn, masked, normalise
from core.db import db, transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion, VersionMissing
from core.events import EventRow
from core.i18n import use
from tests.contacts.desk import MAIL, PHONE, bearer, contact, facts, known, matter

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from core.tenancy import Tenant

CLERK = Actor(kind="user", id=None, grants={"contact:reveal": Reach.ALL})


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("phone", "138 0000 6021", "+8613800006021"),
        ("phone", "１３８-００００-６０２１", "+8613800006021"),
        ("phone", "+44 20 7946 0018", "+442079460018"),
        ("phone", "010-65512345", "+861065512345"),
        ("phone", "12", None),
        ("phone", "call me", None),
        ("mail", " Fang.Wang@Example.COM ", "fang.wang@example.com"),
        ("mail", "ｆａｎｇ@example.com", "fang@example.com"),
        ("mail", "fang@", None),
        ("mail", "a b@example.com", None),
        ("mail", "a@b@example.com", None),
        ("mail", "a@example.com\r\nBcc: x@y.z", None),
        ("messenger", " wx_fang ", "wx_fang"),
        ("messenger", "a\nb", None),
        ("id_number", "110101 19900307 123x", "11010119900307123X"),
        ("id_number", "!", None),
    ],
)
def test_points_have_one_spelling(tenant: Tenant, kind: str, typed: str, kept: str | None) -> None:
    assert normalise(kind, typed) == kept


@pytest.mark.rule("CR-15")
def test_masks_hide_what_identifies(tenant: Tenant) -> None:
    """Given an agent of another department, when he opens the contact, then phone and ID are masked."""
    assert masked("phone", "+8613800006021") == "138****6021"
    assert masked("mail", "fang.wang@example.com") == "f***@example.com"
    assert masked("id_number", "11010119900307123X") == "**************123X"
    assert masked("id_number", "A1234567") == "********"
    assert masked("messenger", "wx_fang") == "w***"


@pytest.mark.rule("CR-15")
def test_a_reveal_needs_the_right_a_reason_and_leaves_a_trace(client: FlaskClient) -> None:
    """Given an agent of another department, when he opens the contact, then the full value takes permission
    and the view is audited."""
    points = PointIn("phone", PHONE), PointIn("id_number", "11010119900307123X")
    contact_id = known("王芳", *points)
    phone_id, number_id = [point.id for point in service.points_of([contact_id])[contact_id]]
    url = f"/api/v1/contacts/{contact_id}"
    reveal = f"{url}/points/{phone_id}/reveal"
    scopes = ("contact:read", "contact:reveal")
    agent = bearer("lan@jinlan.example", "agent", scopes=scopes)
    auditor = bearer("audit@jinlan.example", "auditor", scopes=scopes)

    for headers in (agent, auditor):
        shown = client.get(url, headers=headers).get_json()
        assert [point["value"] for point in shown["points"]] == [
            "138****6021",
            "**************123X",
        ]
        assert "13800006021" not in str(shown)
    assert client.post(reveal, json={"reason": "call_back"}, headers=auditor).status_code == 403
    assert client.post(reveal, json={"reason": "nosy"}, headers=agent).status_code == 422
    assert client.post(reveal, json={}, headers=agent).status_code == 422
    assert facts("contact.point_revealed") == []

    answer = client.post(reveal, json={"reason": "call_back"}, headers=agent)
    assert (answer.status_code, answer.get_json()["value"]) == (200, "+8613800006021")
    (fact,) = facts("contact.point_revealed")
    assert (fact["contact_point_id"], fact["reason"], fact["kind"]) == (
        str(phone_id),
        "call_back",
        "phone",
    )
    row = db.session.scalars(
        sa.select(EventRow).where(EventRow.type == "contact.point_revealed")
    ).one()
    assert row.actor_kind == "user"
    assert "6021" not in row.data
    assert client.get(reveal, headers=agent).status_code == 405, "no GET shows it"
    stranger = known("李雷", PointIn("phone", "13900001111"))
    assert (
        client.post(
            f"/api/v1/contacts/{stranger}/points/{number_id}/reveal",
            json={"reason": "visit"},
            headers=agent,
        ).status_code
        == 404
    )


@pytest.mark.rule("CH-14")
def test_the_account_is_not_touched_before_the_caller_is_known(tenant: Tenant) -> None:
    """Given a phone ticket, when an agent opens an action on the account, then it is blocked until the identity
    check is recorded."""
    contact_id = known()
    ticket, other = matter(contact_id), matter(contact_id)
    (problem,) = identity.require_identity(ticket, {}, CLERK)
    assert problem.message == "contacts.identity.missing"
    with pytest.raises(Invalid), transaction():
        identity.record_identity_check(contact_id, ticket.id, "felt right", actor=CLERK)
    assert identity.require_identity(ticket, {}, CLERK)
    with transaction():
        identity.record_identity_check(contact_id, ticket.id, "call_back", actor=CLERK)
    assert identity.require_identity(ticket, {}, CLERK) == []
    assert identity.require_identity(other, {}, CLERK), "for this ticket only"
    assert facts("identity.checked")[0]["method"] == "call_back"


def test_a_stranger_never_becomes_a_verified_customer(tenant: Tenant) -> None:
    verified = known(verified=True)
    phone = PointIn("phone", PHONE)
    first, again = _stranger("王芳", phone), _stranger("骗子", PointIn("phone", "+86 13800006021"))
    assert first != verified
    assert again == first, "the one unverified contact with that point"
    assert not contact(first).verified
    with transaction():
        service.verify_contact(first, actor=SYSTEM)
    assert _stranger("骗子", phone) not in {first, verified}


def test_nobody_adds_his_address_to_anothers_telephone(tenant: Tenant) -> None:
    phone, mine, theirs = (
        PointIn("phone", PHONE),
        PointIn("mail", "evil@x.example"),
        PointIn("mail", MAIL),
    )
    victim = _stranger("王芳", phone, theirs)
    assert _stranger("骗子", phone, mine) != victim
    assert _stranger("骗子", phone) != victim
    assert _stranger("王芳", theirs, phone) == victim, "the same points, in any order"
    planted = _stranger("骗子", PointIn("phone", "13900001111"), mine)
    assert _stranger("李雷", PointIn("phone", "13900001111")) != planted


def test_a_stranger_without_a_point_is_asked_for_one(tenant: Tenant) -> None:
    with pytest.raises(Invalid):
        _stranger("王芳")
    with pytest.raises(Invalid) as refused:
        _stranger("王芳", PointIn("phone", PHONE), PointIn("mail", "nonsense"))
    assert refused.value.problems[0].field == "points.1.value"
    assert db.session.scalars(sa.select(Contact)).all() == []


def _stranger(name: str, *points: PointIn) -> UUID:
    with transaction():
        return service.contact_for_unverified_point(name, points, actor=ANONYMOUS).id


def test_agents_are_offered_matches_the_verified_first(tenant: Tenant) -> None:
    unverified, verified = known("王小芳"), known(verified=True)
    known("李雷", PointIn("phone", "13900001111"))
    assert [row.id for row in service.find_matches([PointIn("phone", "13800006021")])] == [
        verified,
        unverified,
    ]
    assert service.find_matches([PointIn("phone", "nonsense")]) == []
    assert {row.id for row in service.search_contacts("小芳")} == {unverified}
    assert {row.id for row in service.search_contacts("FANG.wang@example.com")} == {
        unverified,
        verified,
    }
    assert service.search_contacts("%") == []


def test_merged_contacts_stay_resolvable(client: FlaskClient) -> None:
    old, middle, new = (
        known("王芳"),
        known("王小芳", PointIn("mail", MAIL)),
        known("Wang Fang", PointIn("messenger", "wx")),
    )
    first, second = matter(old), matter(new)
    assert first.contact_id == old
    assert second.contact_id == new
    for left, into in ((old, middle), (middle, new)):
        with transaction():
            merging.merge_contacts(left, into, actor=OPERATOR)
    assert {service.get_contact(i).id for i in (old, middle, new)} == {new}
    assert set(service.ids_of(new)) == {old, middle, new}
    assert set(service.names_of([old, new]).values()) == {"Wang Fang"}
    values = {point.value for point in service.points_of([new])[new]}
    assert values == {"+8613800006021", "fang.wang@example.com", "wx"}, (
        "the address they shared is there once"
    )
    assert contact(new).matters == 2
    assert contact(new).kind == "existing"
    headers = bearer("lan@jinlan.example", "agent", scopes=("contact:read",))
    answer = client.get(f"/api/v1/contacts/{old}", headers=headers)
    assert (answer.status_code, answer.get_json()["id"]) == (200, str(new))
    listed = client.get("/api/v1/contacts", headers=headers).get_json()["items"]
    assert [item["id"] for item in listed] == [str(new)]
    for left, into in ((new, old), (new, new)):
        with pytest.raises(Conflict), transaction():
            merging.merge_contacts(left, into, actor=OPERATOR)


def test_a_first_matter_makes_a_new_customer_and_a_second_an_existing_one(tenant: Tenant) -> None:
    contact_id = known()
    version = contact(contact_id).version
    assert contact(contact_id).kind == "new"
    matter(contact_id)
    assert contact(contact_id).kind == "new"
    matter(contact_id)
    assert contact(contact_id).kind == "existing"
    assert contact(contact_id).version == version


def test_an_erased_customer_is_gone_and_the_rows_remain(tenant: Tenant) -> None:
    old, new = known(), known("王小芳", PointIn("messenger", "wx_fang"))
    with transaction():
        merging.merge_contacts(old, new, actor=OPERATOR)
    with transaction():
        merging.erase_contact(old, actor=OPERATOR)
    rows = db.session.scalars(sa.select(Contact)).all()
    assert {row.display_name for row in rows} == {""}
    assert {point.value for point in db.session.scalars(sa.select(ContactPoint))} == {""}
    with use("en"):
        assert service.names_of([old])[old] == f"former customer #{new.hex[-6:]}"
    assert service.find_matches([PointIn("phone", PHONE)]) == []


def test_no_event_holds_personal_data(tenant: Tenant) -> None:
    contact_id = known()
    with transaction():
        service.update_contact(contact_id, {"display_name": "王大芳"}, version=1, actor=OPERATOR)
        service.add_point(contact_id, PointIn("messenger", "wx_fang"), actor=OPERATOR)
    said = " ".join(db.session.scalars(sa.select(EventRow.data)))
    assert "display_name" in said
    for personal in ("王", "6021", "fang"):
        assert personal not in said.lower()


def test_points_come_and_go(tenant: Tenant) -> None:
    contact_id = known("王芳", PointIn("phone", PHONE))
    with transaction():
        first = service.add_point(contact_id, PointIn("mail", MAIL), actor=OPERATOR).id
        assert (
            service.add_point(contact_id, PointIn("mail", MAIL.lower()), actor=OPERATOR).id == first
        )
    with transaction():
        service.remove_point(first, actor=OPERATOR)
    assert [point.kind for point in service.points_of([contact_id])[contact_id]] == ["phone"]
    with pytest.raises(NotFound):
        service.get_point(first)
    with pytest.raises(Forbidden):
        service.reveal_point(first, actor=ANONYMOUS, reason="visit")
    with pytest.raises(NotFound):
        service.get_contact(uuid7())


def test_changes_carry_a_version(tenant: Tenant) -> None:
    contact_id = known()
    with transaction():
        service.update_contact(
            contact_id, {"locale": "en", "timezone": None}, version=1, actor=OPERATOR
        )
    with pytest.raises(VersionMissing), transaction():
        service.update_contact(contact_id, {"locale": "en"}, version=None, actor=OPERATOR)
    with pytest.raises(StaleVersion) as stale, transaction():
        service.update_contact(contact_id, {"display_name": "别人"}, version=1, actor=OPERATOR)
    assert stale.value.data["fields"] == {"display_name": ["王芳", "别人"]}
    with pytest.raises(Invalid), transaction():
        service.update_contact(contact_id, {"verified_at": "now"}, version=2, actor=OPERATOR)


def test_people_act_for_organisations_for_a_time(tenant: Tenant) -> None:
    contact_id = known()
    with transaction():
        mall = organisations.create_organisation("盛和", actor=OPERATOR)
        organisations.join_organisation(
            contact_id,
            mall.id,
            "buyer",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 6, 30),
            actor=OPERATOR,
        )
    on = {day: len(organisations.organisations_of(contact_id, day)) for day in _days()}
    assert list(on.values()) == [0, 1, 1, 0]
    ((row, link),) = organisations.organisations_of(contact_id)
    assert (row.name, link.role) == ("盛和", "buyer")
    with pytest.raises(Invalid), transaction():
        organisations.join_organisation(
            contact_id,
            mall.id,
            valid_from=date(2026, 2, 1),
            valid_until=date(2026, 1, 1),
            actor=OPERATOR,
        )
    with transaction():
        organisations.leave_organisation(link.id, date(2026, 3, 31), actor=OPERATOR)
    assert organisations.organisations_of(contact_id, date(2026, 4, 1)) == []
    assert [found.name for found in organisations.list_organisations("盛")] == ["盛和"]


def _days() -> tuple[date, ...]:
    return date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1)
