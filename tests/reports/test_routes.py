"""Reports over the wire: the permission of the report, the reach of the ticket, and what lacks."""

from __future__ import annotations

from typing import Any

import pytest

from core.actors import SYSTEM
from core.auth.tokens import create_token
from core.db import clear_session, transaction
from core.reports import pdf
from core.tickets import service as tickets
from tests.complaints.conftest import intake, new_complaint
from tests.tickets.conftest import House, build_house

INTERNAL = "complaints.register_internal"
CUSTOMERS = "complaints.register"


@pytest.fixture
def house(tenant) -> House:
    return build_house(tenant)


@pytest.fixture
def ticket_id(house: House) -> Any:
    new = new_complaint(team_id=house.desk, channel="phone", contact_id=house.contact_id)
    with transaction():
        found = tickets.open_ticket(new, actor=house.agent).id
    assert intake()["name"] == "林晓雯"
    return found


@pytest.fixture
def ask(app, house: House) -> Any:
    def asked(actor, path: str, *scopes: str):
        with transaction():
            _, token = create_token(actor.id, "test", scopes, actor=SYSTEM)
        client = app.test_client()
        answer = client.get(
            f"/api/v1/reports/{path}",
            base_url=f"http://{house.tenant.slug}.localhost",
            headers={"Authorization": f"Bearer {token}"},
        )
        clear_session()
        return answer

    return asked


def test_who_may_print_what(house: House, ticket_id, ask) -> None:
    """With the right and in reach 200; without the right 403; out of reach or unknown 404."""
    right = "complaints.register:internal"
    of_ticket = f"?ticket_id={ticket_id}"
    answers = {
        "internal": ask(house.supervisor, INTERNAL + of_ticket, "ticket:read", right),
        "customer's": ask(house.agent, CUSTOMERS + of_ticket, "ticket:read"),
        "without": ask(house.supervisor, INTERNAL + of_ticket, "ticket:read"),
        "out of reach": ask(house.outsider, CUSTOMERS + of_ticket, "ticket:read"),
        "unknown": ask(house.agent, f"nothing{of_ticket}", "ticket:read"),
        "no ticket": ask(house.agent, CUSTOMERS, "ticket:read"),
        "strange": ask(house.agent, f"{CUSTOMERS}{of_ticket}&x=1", "ticket:read"),
    }
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == {
        "internal": 200,
        "customer's": 200,
        "without": 403,
        "out of reach": 404,
        "unknown": 404,
        "no ticket": 422,
        "strange": 422,
    }
    assert answers["internal"].mimetype == "application/pdf"
    assert answers["internal"].data.startswith(b"%PDF-")


def test_without_libraries_the_api_says_what_lacks(
    house: House, ticket_id, ask, monkeypatch
) -> None:
    install = "apt-get install -y libpango-1.0-0"
    monkeypatch.setattr(pdf, "probe", lambda: pdf.Probe(ok=False, missing=("x",), install=install))
    answer = ask(house.agent, f"{CUSTOMERS}?ticket_id={ticket_id}", "ticket:read")
    assert answer.status_code == 501
    assert answer.json["code"] == "not-available"
