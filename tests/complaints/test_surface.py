"""The complaint on paper, at its ticket, on request of a person, over REST, and with the plugin off."""

from __future__ import annotations

import pytest

from core import definitions, tenancy
from core.actors import OPERATOR, SYSTEM
from core.attachments.service import by_ids
from core.bodies import KINDS, from_body, to_body
from core.contacts.service import get_contact
from core.db import transaction
from core.errors import Forbidden, Invalid, NotFound
from core.forms.checks import check_form
from core.panels import draw_panel
from core.plugins import ask, catalog
from core.reports import service as reports
from core.tenancy import Tenant, current_tenant, tenant_by_id
from core.tickets import service as tickets
from plugins.complaints import privacy, results, service
from plugins.complaints.forms import FORMS
from plugins.complaints.workflow import WORKFLOW
from tenants import service as life
from tests.complaints.conftest import TO_ACCEPT, TO_APPROVE, TO_CLOSE, TO_PLAN, Case, picture
from tests.tickets.conftest import House

CUSTOMERS, INTERNAL = "complaints.register", "complaints.register_internal"


def filled(case: Case, name: str, actor=None) -> dict:
    given = {"ticket_id": str(case.ticket.id)}
    return reports.fill(name, given, actor=actor or case.house.supervisor).data["r"]


def text_of(value) -> str:
    return str(value)


@pytest.mark.rule("FM-06")
def test_the_register_shows_the_whole_story(case: Case) -> None:
    """G posted by portal / W stored / T number CP-YYYYMM-nnnn per tenant, no gaps."""
    case.go(*TO_CLOSE)
    form = filled(case, INTERNAL)
    assert form["number"] == case.ticket.number == "CP-2611-00001"
    assert form["phone"] == "138****8000"
    assert [c["title"] for c in form["findings"] if c["chosen"]] == ["成立"]
    assert form["judgement"]["department"] == "技术部"
    assert form["investigation"]["responsible"] == "钱大明"
    assert [m["responsible"] for m in form["measures"]] == ["孙立", "孙立"]
    assert all(m["done_at"] for m in form["measures"])
    assert form["approval"]["note"] == "同意按方案执行"
    assert form["customer"]["resolved"] is True
    assert form["customer"]["signer"] == "林晓雯"
    assert [r["score"] for r in form["follow_up"]["ratings"]] == [5, 4, 5]


@pytest.mark.rule("CP-12")
def test_the_customers_copy_holds_no_responsible_person_at_all(case: Case) -> None:
    """T person hidden from customer."""
    case.go(*TO_CLOSE)
    assert "钱大明" in text_of(filled(case, INTERNAL)), "positive control"
    for actor in (case.customer, case.house.agent):
        copy = text_of(filled(case, CUSTOMERS, actor))
        assert "林晓雯" in copy
        assert not any(name in copy for name in ("钱大明", "孙立"))


@pytest.mark.rule("CP-24")
def test_the_internal_copy_wants_its_permission(case: Case) -> None:
    """G discipline note / W viewer lacks the permission / T 403, and not in the customer's copy."""
    with pytest.raises(Forbidden):
        filled(case, INTERNAL, case.house.agent)
    with pytest.raises(Forbidden):
        filled(case, INTERNAL, case.customer)
    assert filled(case, INTERNAL, case.house.supervisor)["edition"] == "internal"
    assert filled(case, CUSTOMERS, case.house.agent)["edition"] == "customer"


def test_a_plan_that_nobody_approved_is_not_on_the_customers_copy(case: Case) -> None:
    case.go(*TO_APPROVE)
    assert filled(case, CUSTOMERS, case.customer)["measures"] == []
    assert len(filled(case, INTERNAL)["measures"]) == 2
    case.go("approve_plan")
    assert len(filled(case, CUSTOMERS, case.customer)["measures"]) == 2


@pytest.mark.rule("CP-22")
def test_a_drawn_signature_is_on_the_form(case: Case) -> None:
    """T signature on the register."""
    case.go(*TO_ACCEPT, "accept_plan", "start", "report_result")
    drawn = case.upload(picture("black", "PNG"), "s.png", case.customer)
    case.move("confirm_result", case.customer, signature={"attachment_id": drawn})
    assert filled(case, CUSTOMERS, case.customer)["customer"]["signature"].startswith(b"\x89PNG")


def test_a_fresh_complaint_prints_too(case: Case) -> None:
    form = filled(case, CUSTOMERS, case.customer)
    assert (form["measures"], form["result"]) == ([], None)
    assert not any(c["chosen"] for c in form["findings"])


def test_the_panel_sums_it_up(case: Case) -> None:
    case.go(*TO_CLOSE)
    ticket_id = case.ticket.id
    drawn = draw_panel(
        "complaints.summary",
        lambda: tickets.get_ticket(ticket_id, actor=SYSTEM),
        case.house.agent,
    )
    assert not drawn.failed
    assert [block.label.rpartition(".")[2] for block in drawn.blocks] == [
        "intake", "judgement", "investigation", "plan", "result", "signature",
    ]  # fmt: skip
    shown = text_of([block.items for block in drawn.blocks])
    assert "138****8000" in shown
    assert "13800138000" not in shown


def test_a_person_is_exported_whole_and_erased(case: Case) -> None:
    case.go(*TO_CLOSE)
    contact = get_contact(case.house.contact_id)
    exported = ask_one("export_person", contact)
    assert exported["complaints_complaint"][0]["complainant"] == "林晓雯"
    assert len(exported) == 8
    seal = results.signature_of(case.ticket.id).sha256
    with transaction():
        ask("erase_person", contact=contact)
    left = text_of(privacy.export_person(contact))
    assert not any(words in left for words in ("林晓雯", "13800138000", "返水"))
    complaint = service.complaint_of(case.ticket.id)
    assert complaint.erased_at
    assert results.signature_of(case.ticket.id).sha256 == seal, "decisions and hashes stay"
    assert service.cause_of(case.ticket.id) == "product"


def ask_one(hook: str, contact) -> dict:
    found = ask(hook, contact=contact)
    merged: dict = {}
    for each in found if isinstance(found, list) else [found]:
        merged |= each if isinstance(each, dict) else {}
    return merged or privacy.export_person(contact)


def test_erasing_takes_the_drawn_signature_too(case: Case) -> None:
    case.go(*TO_ACCEPT, "accept_plan", "start", "report_result")
    drawn = case.upload(picture("black", "PNG"), "s.png", case.customer)
    case.move("confirm_result", case.customer, signature={"attachment_id": drawn})
    with transaction():
        privacy.erase_person(get_contact(case.house.contact_id))
    attachment_id = results.signature_of(case.ticket.id).attachment_id
    assert by_ids([attachment_id])[attachment_id].redacted_at


def test_another_contacts_complaint_is_left_alone(case: Case) -> None:
    stranger = type("Contact", (), {"id": case.house.agent.id})()
    with transaction():
        privacy.erase_person(stranger)
    assert service.complaint_of(case.ticket.id).complainant == "林晓雯"


def test_definitions_survive_json_and_make_sense() -> None:
    for form in FORMS:
        assert check_form(form) == [], form.name
        assert from_body(KINDS["form"], to_body(form)) == form
    assert from_body(KINDS["workflow"], to_body(WORKFLOW)) == WORKFLOW


def test_every_named_thing_is_the_plugins_own(tenant: Tenant) -> None:
    found = catalog()
    for kind in ("ticket_type", "workflow", "form", "metric", "policy", "guard", "event", "report"):
        mine = [name for name in found.shelf(kind) if found.owner(kind, name) == "complaints"]
        assert mine, kind
        assert all(name.startswith("complaints.") for name in mine)
    assert definitions.get("ticket_type", "complaints.complaint").portal


def test_off_means_no_moves_and_back_on_means_all_of_them(case: Case) -> None:
    """Plugin off: its tickets stay readable, its transitions answer 404; all back after enable."""
    with transaction():
        life.disable_plugin("complaints", actor=OPERATOR)
    next_request()
    assert tickets.get_ticket(case.ticket.id, actor=case.house.agent).number
    with pytest.raises(NotFound):
        case.go("acknowledge")
    with transaction():
        life.enable_plugin("complaints", actor=OPERATOR)
    next_request()
    assert case.go("acknowledge").state == "acknowledged"


def next_request() -> None:
    """From the next request on the tenant's newer configuration counts."""
    fresh = tenant_by_id(current_tenant().id)
    assert fresh is not None
    tenancy._tenant.set(fresh)


def test_fields_that_a_tenant_adds_go_to_the_ticket(case: Case) -> None:
    """Declared fields into typed tables, a tenant's own into ticket.extra under the same schema."""
    case.go(*TO_PLAN)
    body = to_body(definitions.get("form", "complaints.approval"))
    body["fields"].append(
        {"name": "budget", "kind": "number", "title": {"zh-CN": "预算", "en": "Budget"}}
    )
    with transaction():
        definitions.edit("form", "complaints.approval", body, actor=SYSTEM)
    next_request()
    case.go("propose_plan")
    with pytest.raises(Invalid):
        case.move("approve_plan", case.house.supervisor, note="同意", budget="many")
    case.move("approve_plan", case.house.supervisor, note="同意", budget=380)
    assert case.ticket.extra == {"budget": 380}


def test_strangers_cannot_read_or_move_it(case: Case, house: House) -> None:
    with pytest.raises(NotFound):
        tickets.get_ticket(case.ticket.id, actor=house.outsider)
    with pytest.raises(NotFound):
        case.move("acknowledge", house.outsider)
    assert case.move("acknowledge", house.colleague).state == "acknowledged"
