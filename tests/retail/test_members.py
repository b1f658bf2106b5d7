"""Members: the application FM-09, one household one card, ID numbers that nobody reads, cards lost and replaced."""

from __future__ import annotations

import pytest

from core.actors import SYSTEM
from core.contacts.service import get_contact
from core.db import transaction
from core.errors import Forbidden, Invalid
from core.reports import service as papers
from plugins.retail import households, lists, members, points, privacy, statements
from tests.retail.world import application, join, sell


def apply(actor, **changes):
    with transaction():
        return members.apply_for_card(application(**changes), actor=actor)


def step(made, name, actor, **answers):
    with transaction():
        return members.take_step(made.id, name, answers, actor=actor, version=made.version)


def refused(made, name, actor, **answers):
    with pytest.raises(Invalid) as caught:
        step(made, name, actor, **answers)
    return str(caught.value.problems[0].message).removeprefix("retail.error.")


@pytest.mark.rule("RT-02")
def test_from_the_form_to_the_card(mall):
    """申请表 → 录入 → 发卡: state machine test."""
    made = apply(mall.agent)
    assert made.state == "draft"
    steps = ("check", "approve_application", "issue")
    states = [step(made, name, mall.agent).state for name in steps]
    assert states == ["checked", "approved", "issued"]
    member = members.get_member(made.member_id)
    assert members.working_card(member.id).state == "active"
    assert (member.status, member.number[:2]) == ("active", "88")


@pytest.mark.rule("FM-09")
def test_no_card_without_a_signature(mall):
    """G missing signature / W submit / T refused; missing ID, applicant present / T pending_completion."""
    with pytest.raises(Invalid) as caught:
        apply(mall.agent, signature=None)
    assert [p.field for p in caught.value.problems] == ["signature"]
    made = apply(mall.agent, id_number=None)
    assert step(made, "set_aside", mall.agent).state == "pending_completion"


@pytest.mark.rule("RT-03")
def test_one_household_one_card_unless_a_supervisor_lets_it_pass(mall):
    """G second applicant same registered address / W apply / T duplicate warning, supervisor may override."""
    first = join(address="锦绣路12号3栋2单元402室")
    made = apply(mall.agent, address="锦绣路 12-3-2-402")
    assert made.conflict_with == first.id
    step(made, "check", mall.agent)
    assert refused(made, "approve_application", mall.agent) == "household"
    with pytest.raises(Forbidden):
        step(made, "override", mall.agent, reason="已分户")
    assert (
        step(made, "override", mall.supervisor, reason="已分户，户口本已核对").state == "approved"
    )
    assert step(made, "issue", mall.agent).state == "issued"


@pytest.mark.rule("RT-04")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("锦绣路12号3栋2单元402室", "锦绣路１２号３幢２单元４０２", True),
        ("锦绣路12-3-2-402", "锦绣路 12号3栋2单元402室", True),
        ("锦绣路12号3栋2单元402室", "锦绣路12号3栋2单元403室", False),
    ],
)
def test_the_registered_address_finds_the_household(mall, one, other, same):
    """G normalised address equal / W check / T match."""
    assert (households.household_key(one) == households.household_key(other)) is same


@pytest.mark.rule("RT-05")
def test_without_the_id_number_the_card_is_limited_until_it_comes(mall):
    """G pending card / W next desk visit / T prompt; benefits limited."""
    made = apply(mall.agent, id_number=None)
    step(made, "set_aside", mall.agent)
    member = members.get_member(made.member_id)
    assert members.working_card(member.id).state == "pending"
    sell(("MJ-01", 1), member=member)
    with pytest.raises(Invalid), transaction():
        points.burn(member.id, 10, key="k", actor=SYSTEM)
    for name, answers in (
        ("complete", {"id_number": "330106199001011234"}),
        ("approve_application", {}),
        ("issue", {}),
    ):
        step(made, name, mall.agent, **answers)
    assert (member.status, members.working_card(member.id).state) == ("active", "active")
    with transaction():
        assert points.burn(member.id, 10, key="k", actor=SYSTEM).points == 10


@pytest.mark.rule("RT-06")
def test_for_somebody_else_both_numbers_are_needed(mall):
    """G proxy without ID / W submit / T refused."""
    proxy = {"proxy": True, "proxy_name": "王强", "proxy_phone": "13800138111"}
    with pytest.raises(Invalid) as caught:
        apply(mall.agent, **proxy, proxy_id="330106198001011234", id_number=None)
    assert {p.field for p in caught.value.problems} == {"id_number"}
    assert apply(mall.agent, **proxy, proxy_id="330106198001011234").proxy


@pytest.mark.rule("RT-07")
def test_what_was_not_checked_is_not_issued(mall):
    """G unchecked / W issue / T blocked."""
    made = apply(mall.agent, id_number=None)
    assert refused(made, "check", mall.agent) == "no_identity"
    with pytest.raises(Exception, match="not offered"):
        step(made, "issue", mall.agent)
    assert made.state == "draft"


def test_the_number_itself_is_nowhere(mall):
    member = join(id_number="330106199001019999")
    assert member.id_mask == "3301**********9999"
    assert "330106199001019999" not in str(privacy.export_person(get_contact(member.contact_id)))
    assert members._member_by_id("3301 0619 9001 0199 99").id == member.id
    with pytest.raises(Invalid):
        apply(mall.agent, id_number="330106199001019999")


@pytest.mark.rule("RT-16")
def test_a_lost_card_costs_fifty_yuan(mall):
    """G old card lost / W swap / T fee line 50."""
    member = join()
    card = members.working_card(member.id)
    with transaction():
        members.report_lost(card.id, actor=mall.agent)
    assert members.working_card(member.id) is None
    with transaction():
        new = members.replace_card(card.id, kind="silver", actor=mall.agent)
    assert (new.fee, new.kind, card.state) == (5000, "silver", "replaced")
    with transaction():
        again = members.replace_card(new.id, actor=mall.agent)
    assert again.fee == 0, "a worn one costs nothing"


def test_one_box_finds_by_phone_card_and_name(mall):
    member = join(name="欧阳修", phone="13900139000")
    card = members.working_card(member.id)
    for words in ("13900139000", "139 0013 9000", card.number, "欧阳", member.number):
        assert [m.id for m in lists.member_page(words).items] == [member.id], words
    assert lists.member_page("没有这个人").items == []


def test_the_application_prints_on_one_page(mall):
    made = apply(mall.agent)
    filled = papers.fill("retail.application", {"application_id": str(made.id)}, actor=mall.agent)
    drawn = papers.pdf(filled)
    assert (drawn.pages, drawn.missing) == (1, ())
    assert "*" in filled.data["r"]["id_number"]


def test_a_person_goes_and_the_book_stays(mall):
    member = join(name="要走的人", phone="13911139111", address="某路1号")
    sell(("MJ-01", 1), member=member)
    contact = get_contact(member.contact_id)
    assert privacy.export_person(contact)["retail_member"][0]["name"] == "要走的人"
    with transaction():
        privacy.erase_person(contact)
    left = str(privacy.export_person(contact))
    assert not any(words in left for words in ("要走的人", "13911139111", "某路1号"))
    assert members.get_member(member.id).status == "closed"
    assert statements.balance_of(member.id).active == 100
