"""How a customer proves who he is: secret link, number with phone tail, mailed code."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from core import clock
from core.actors import OPERATOR, SYSTEM
from core.clock import now, uuid7
from core.contacts import codes, links, lookup, merging, service
from core.contacts.models import ContactSession, LoginCode, TicketLink
from core.contacts.points import PointIn
from core.db import db, transaction
from core.errors import Invalid, NotFound, TooMany
from core.keys import sign
from core.mail import service as mail
from core.mail.models import MailOut
from core.tenancy import as_tenant
from tests.contacts.desk import MAIL, PHONE, contact, facts, known, matter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from flask import Flask
    from flask.testing import FlaskClient

    from core.actors import Actor
    from core.tenancy import Tenant

IP = "203.0.113.7"


@pytest.fixture
def time() -> Iterator[clock.VirtualClock]:
    with clock.virtual(now()) as made:
        yield made


def token_for(ticket_id: UUID) -> str:
    link = links.live_link(ticket_id)
    assert link
    return links.link_token(link.id)


# --- the secret link ---


def test_a_link_opens_one_ticket_and_no_other(tenant: Tenant) -> None:
    contact_id = known()
    ticket, other = matter(contact_id), matter(contact_id)
    actor = links.actor_by_link(token_for(ticket.id))
    assert (actor.kind, actor.id, actor.ticket_id) == ("contact", contact_id, ticket.id)
    assert set(actor.grants) == {
        "matter:read",
        "matter:message",
        "matter:accept",
        "matter:sign",
        "matter:rate",
    }
    assert not actor.can("ticket:read"), "a customer holds no right of the staff's"
    assert links.actor_by_link(token_for(other.id)).ticket_id == other.id


def test_a_wrong_link_opens_nothing(tenant: Tenant) -> None:
    token = token_for(matter(known()).id)
    other = token_for(matter(known()).id)
    head, _, signature = token.partition(".")
    unknown = links.link_token(uuid7())
    for wrong in (
        "",
        ".",
        head,
        f"{head}.",
        f"{head}.{signature[:-1]}",
        f"{head}.{other.partition('.')[2]}",
        unknown,
        "é.x",
        "a.b.c",
    ):
        with pytest.raises(NotFound):
            links.actor_by_link(wrong)
    assert links.actor_by_link(token).kind == "contact"


def test_a_link_of_one_tenant_is_nothing_at_another(make_tenant: Callable[..., Tenant]) -> None:
    first, second = make_tenant(), make_tenant()
    with as_tenant(first):
        token = token_for(matter(known()).id)
        assert links.actor_by_link(token)
    with as_tenant(second), pytest.raises(NotFound):
        links.actor_by_link(token)


def test_a_link_ends_by_age_and_by_revoking(tenant: Tenant, time: clock.VirtualClock) -> None:
    contact_id = known()
    ticket = matter(contact_id)
    token = token_for(ticket.id)
    time.advance(timedelta(days=89))
    assert links.actor_by_link(token)
    with transaction():
        fresh = links.link_token(links.usable_link(ticket.id, contact_id, actor=SYSTEM).id)
    assert fresh != token, "a link that would die this week is renewed"
    time.advance(timedelta(days=1))
    with pytest.raises(NotFound):
        links.actor_by_link(token)
    assert links.actor_by_link(fresh)
    with transaction():
        assert links.revoke_links(ticket.id, actor=OPERATOR) == 2
    with pytest.raises(NotFound):
        links.actor_by_link(fresh)
    assert len(facts("link.revoked")) == 2


def test_the_row_holds_no_secret(tenant: Tenant) -> None:
    ticket = matter(known())
    row = db.session.scalars(sa.select(TicketLink)).one()
    signature = token_for(ticket.id).partition(".")[2]
    assert signature == sign("ticket-links", str(tenant.id), str(row.id))
    assert signature not in str(vars(row))


def test_a_link_follows_the_contact_into_a_merge_and_dies_with_its_erasure(tenant: Tenant) -> None:
    old, new = known(), known("王小芳", PointIn("messenger", "wx"))
    token = token_for(matter(old).id)
    with transaction():
        merging.merge_contacts(old, new, actor=OPERATOR)
    assert links.actor_by_link(token).id == new
    with transaction():
        merging.erase_contact(new, actor=OPERATOR)
    with pytest.raises(NotFound):
        links.actor_by_link(token)


# --- number and tail ---


@pytest.mark.parametrize(
    "typed",
    [
        "CP-2611-00001",
        "cp-2611-00001",
        " ＣＰ－２６１１－００００１ ",
        "cp261100001",
        "CP 2611 00001",
        "cp—2611—00001",
    ],
)
def test_numbers_are_read_however_they_are_typed(tenant: Tenant, typed: str) -> None:
    assert lookup.canonical_number(typed) == "CP-2611-00001"


def test_what_is_no_number_is_none(tenant: Tenant) -> None:
    assert {lookup.canonical_number(typed) for typed in ("", "2611", "CP", "CP-26-1", "王芳")} == {
        ""
    }


def test_number_and_tail_may_look_and_nothing_more(tenant: Tenant) -> None:
    contact_id = known()
    ticket = matter(contact_id)
    actor = look(
        ticket.number.lower().replace("-", ""), "６０２１", {ticket.number: (ticket.id, contact_id)}
    )
    assert (actor.ticket_id, set(actor.grants)) == (ticket.id, {"matter:look"})
    for number, tail in (
        (ticket.number, "6022"),
        (ticket.number, ""),
        (ticket.number, "021"),
        ("P-2001-00009", "6021"),
        ("", "6021"),
    ):
        with pytest.raises(NotFound):
            look(number, tail, {ticket.number: (ticket.id, contact_id)})


def look(number: str, tail: str, tickets: dict[str, tuple[UUID, UUID]], ip: str = IP) -> Actor:
    with transaction():
        return lookup.look_up(number, tail, ip=ip, find=tickets.get)


def test_looking_too_often_must_wait(tenant: Tenant, time: clock.VirtualClock) -> None:
    contact_id = known()
    ticket = matter(contact_id)
    tickets = {ticket.number: (ticket.id, contact_id)}
    for n in range(lookup.PER_NUMBER):
        with pytest.raises(NotFound):
            look(ticket.number, "0000", tickets, ip=f"203.0.{n}.1")
    with pytest.raises(TooMany):
        look(ticket.number, "6021", tickets, ip="198.51.100.1")
    time.advance(timedelta(hours=1))
    assert look(ticket.number, "6021", tickets).ticket_id == ticket.id
    for n in range(lookup.PER_RANGE - 1):
        with pytest.raises(NotFound):
            look(f"P-2001-{n:05}", "6021", tickets, ip=f"203.0.113.{n}")
    with pytest.raises(TooMany) as shut:
        look(ticket.number, "6021", tickets)
    assert 0 < shut.value.data["retry_after"] <= 900


def test_the_link_goes_again_to_the_stored_address_only(tenant: Tenant) -> None:
    contact_id = known()
    ticket = matter(contact_id)
    actor = look(ticket.number, "6021", {ticket.number: (ticket.id, contact_id)})
    with transaction():
        assert lookup.send_link_again(ticket.id, contact_id, actor=actor) == "f***@example.com"
    row = db.session.scalars(sa.select(MailOut).where(MailOut.template == "link_again")).one()
    drawn = mail.render(row)
    assert drawn.to == MAIL.lower()
    assert token_for(ticket.id) in drawn.text
    for _ in range(lookup.RESENDS - 1):
        with transaction():
            lookup.send_link_again(ticket.id, contact_id, actor=actor)
    with pytest.raises(TooMany), transaction():
        lookup.send_link_again(ticket.id, contact_id, actor=actor)
    assert len(db.session.scalars(sa.select(TicketLink)).all()) == 1

    speechless = known("李雷", PointIn("phone", "13900001111"))
    silent = matter(speechless)
    with transaction():
        assert lookup.send_link_again(silent.id, speechless, actor=actor) is None


# --- the mailed code ---


def ask_code(address: str = MAIL, ip: str = IP) -> UUID:
    with transaction():
        return codes.request_code(address, ip=ip)


def redeem(request_id: UUID, code: str, ip: str = IP) -> codes.SignedIn:
    with transaction():
        return codes.redeem_code(request_id, code, ip=ip, browser="Firefox")


def mailed_code() -> str:
    row = db.session.scalars(
        sa.select(MailOut).where(MailOut.template == "login_code").order_by(MailOut.id.desc())
    ).first()
    found = re.search(r"\b(\d{6})\b", mail.render(row).text)
    assert found
    return found.group(1)


def test_a_mailed_code_opens_my_matters(app: Flask, client: FlaskClient) -> None:
    contact_id = known()
    request_id = ask_code()
    signed_in = redeem(request_id, f" {mailed_code()[:3]} {mailed_code()[3:]} ")
    assert signed_in.contact.id == contact_id
    assert contact(contact_id).verified, "who reads the mails of an address owns it"
    assert [
        point.verified_at is not None for point in service.points_of([contact_id])[contact_id]
    ] == [False, True]
    row = db.session.scalars(sa.select(ContactSession)).one()
    assert signed_in.secret not in str(vars(row))

    def actor_at(path: str, secret: str) -> Actor | None:
        with app.test_request_context(path, headers={"Cookie": f"pd_me={secret}"}) as context:
            return codes.authenticate(context.request)

    actor = actor_at("/my", signed_in.secret)
    assert actor
    assert (actor.kind, actor.id, actor.ticket_id) == ("contact", contact_id, None)
    assert actor_at("/my", "something else") is None
    for staff in ("/desk", "/console/members", "/api/v1/contacts", "/x/complaints/y", "/account"):
        assert actor_at(staff, signed_in.secret) is None
    with transaction():
        codes.sign_out(actor.session_id, actor=actor)
    assert actor_at("/my", signed_in.secret) is None


def test_a_code_is_good_once_and_for_ten_minutes(tenant: Tenant, time: clock.VirtualClock) -> None:
    known()
    request_id = ask_code()
    code = mailed_code()
    redeem(request_id, code)
    with pytest.raises(Invalid):
        redeem(request_id, code)
    late = ask_code()
    code = mailed_code()
    time.advance(timedelta(minutes=10))
    with pytest.raises(Invalid):
        redeem(late, code)


def test_five_wrong_guesses_kill_a_code(tenant: Tenant) -> None:
    known()
    request_id, other = ask_code(), ask_code()
    good = mailed_code()
    assert good == codes.code_of(other)
    wrong = "000000" if good != "000000" else "000001"
    for n in range(codes.TRIES):
        with pytest.raises(Invalid):
            redeem(
                request_id,
                wrong if codes.code_of(request_id) != wrong else "123123",
                ip=f"203.0.{n}.1",
            )
    with pytest.raises(Invalid):
        redeem(request_id, codes.code_of(request_id))
    assert redeem(other, good)
    assert sorted(db.session.scalars(sa.select(LoginCode.tries))) == [0, codes.TRIES]


def test_an_unknown_address_gets_the_same_answer_and_no_mail(tenant: Tenant) -> None:
    known()
    strange = ask_code("nobody@x.example")
    assert strange.version == ask_code().version == 7
    assert len(db.session.scalars(sa.select(MailOut)).all()) == 1
    with pytest.raises(Invalid):
        redeem(strange, "123456")
    with pytest.raises(Invalid):
        ask_code("not an address")


def test_codes_are_not_sent_without_end(tenant: Tenant) -> None:
    known()
    for n in range(codes.CODES_PER_ADDRESS):
        ask_code(ip=f"203.0.{n}.1")
    with pytest.raises(TooMany):
        ask_code(ip="198.51.100.1")
    assert len(db.session.scalars(sa.select(MailOut)).all()) == codes.CODES_PER_ADDRESS


def test_no_table_holds_the_code(tenant: Tenant) -> None:
    known()
    request_id = ask_code()
    code = codes.code_of(request_id)
    row = db.session.scalars(sa.select(LoginCode)).one()
    letter = db.session.scalars(sa.select(MailOut)).one()
    assert code not in f"{vars(row)} {letter.params}"
    assert code in mail.render(letter).text
    assert code not in mail.render(letter).subject
    hidden = mail.preview(letter)
    assert code not in hidden.text + hidden.html
    assert hidden.to == "f***@example.com"


def test_the_code_opens_the_proven_contact_first(tenant: Tenant) -> None:
    known("unproven")
    proven = known("proven", verified=True)
    known("latest")
    assert redeem(ask_code(), mailed_code()).contact.id == proven
    assert contact(proven).verified


def test_another_phone_of_the_family_stays_unproven(tenant: Tenant) -> None:
    contact_id = known()
    redeem(ask_code(), mailed_code())
    with transaction():
        stranger = service.contact_for_unverified_point(
            "骗子", [PointIn("phone", PHONE)], actor=SYSTEM
        )
        assert stranger.id != contact_id
