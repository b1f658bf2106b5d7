"""Audit, outbox, tokens and branding: what is on record and who may see it."""

from __future__ import annotations

import re

import sqlalchemy as sa

from core.auth import service
from core.db import db, transaction
from core.i18n import text, use
from core.jobs import drain
from core.ledger import LedgerEntry, write_head
from core.tickets.models import Ticket
from core.tickets.service import NewTicket, open_ticket
from tenants.admin.audit import changes_of, event_words


def sealed(house):
    with house.inside():
        drain()
        with transaction():
            write_head()


def test_the_trail_is_filtered_and_paged(house, admin):
    for number in range(30):
        house.hire(f"m{number:02}@example.org", "agent")
    first = admin.get("/console/audit?type=user.created")
    assert first.count('<li id="e-') == 31
    everything = admin.get("/console/audit")
    assert everything.count('<li id="e-') == 50
    following = re.search(r'href="(/console/audit\?before=[^"]+)" rel="next"', everything)[1]
    second = admin.get(following)
    both = set(re.findall(r'<li id="(e-[^"]+)"', everything)) & set(
        re.findall(r'<li id="(e-[^"]+)"', second)
    )
    assert not both
    mine = admin.get(f"/console/audit?actor={admin.user_id}")
    assert "user.signed_in" in mine
    assert "<code>user.created</code>" not in mine
    about = admin.get(f"/console/audit?of={admin.user_id}")
    assert "<code>user.created</code>" in about
    assert 'class="emp"' in admin.get("/console/audit?of=nothing-is-called-so")


def test_a_ticket_is_found_by_its_number(house, admin):
    with house.inside(), transaction():
        actor = service.actor_for(service.get_user(admin.user_id))
        opened = open_ticket(
            NewTicket(type="problem", subject="Rain", description="In"), actor=actor
        ).id
    with house.inside():
        number = db.session.get(Ticket, (house.tenant.id, opened)).number
    page = admin.get(f"/console/audit?of={number.lower()}")
    assert "<code>ticket.opened</code>" in page
    assert number in page


def test_verification_says_how_many_events_and_names_the_first_bad_one(house, admin):
    sealed(house)
    page = admin.post("/console/audit/verify", status=200)
    with house.inside():
        count = db.session.scalar(sa.select(sa.func.count()).select_from(LedgerEntry))
    assert count > 5
    assert "banner-ok" in page
    assert re.search(rf'id="found".*?\b{count}\b', page, re.DOTALL)
    heads = house.app.config["POLYDESK_DATA"] / "heads" / f"{house.tenant.id}.jsonl"
    kept = heads.read_text()
    heads.write_text(kept.replace('"seq":', '"seq":9'))
    broken = admin.post("/console/audit/verify", status=200)
    assert "banner-danger" in broken
    assert "head 1" in re.search(r'id="found".*?</div>', broken, re.DOTALL)[0]
    heads.write_text(kept)
    assert "banner-ok" in admin.post("/console/audit/verify", status=200)


def test_secrets_and_names_of_fields_show_no_value():
    lines = changes_of(
        {"fields": ["api_key"], "before": "a", "after": "b", "role": "x"}, {"x": "Agent"}
    )
    assert (lines[0]["old"], lines[0]["new"]) == ("a", "b")
    assert {"label": "api_key", "secret": True} in lines
    assert [line for line in lines if line.get("new") == "Agent"]


def test_every_event_of_the_house_has_words_in_both_languages(app):
    with app.app_context():
        found = app.extensions["polydesk_plugins"][1]
        ours = [name for name in found.shelf("event") if not found.owner("event", name)]
        for locale in ("zh-CN", "en"):
            with use(locale):
                assert [name for name in ours if event_words(name) == name] == []
                people = [
                    n for n in found.shelf("event") if text(f"event.{n}").startswith("%(who)s")
                ]
                told = [event_words(name) for name in people]
                assert [words for words in told if words[0] in "… "] == [], (
                    "who did it stands beside"
                )


def test_a_token_is_shown_once_works_and_dies(house, admin):
    wrong = admin.post("/console/tokens", status=422, name="Till", user=str(admin.user_id))
    assert 'href="#f-scopes"' in wrong
    fields = {
        "name": "Till",
        "user": str(admin.user_id),
        "scope": ["ticket:read"],
        "lifetime": "30",
    }
    made = admin.post("/console/tokens", status=201, **fields)
    plain = re.search(r'value="(pd_[^"]+)"', made)[1]
    page = admin.get("/console/tokens")
    assert plain not in page
    api = house.app.test_client()
    api.environ_base["HTTP_HOST"] = f"{house.tenant.slug}.localhost"
    bearer = {"Authorization": f"Bearer {plain}"}
    assert api.get("/api/v1/tickets", headers=bearer).status_code == 200
    url = re.search(r'action="(/console/tokens/[^"]+/revoke)"', page)[1]
    admin.post(url)
    assert api.get("/api/v1/tickets", headers=bearer).status_code == 401
    assert admin.events("token.revoked")


def test_the_outbox_shows_mails_as_they_go_out_with_secrets_masked(house, admin):
    admin.post("/console/members/new", email="mei@example.org", display_name="Mei", role="agent")
    page = admin.get("/console/outbox")
    url = re.search(r'href="(/console/outbox\?m=[^"]+)"', page)[1]
    mail = admin.get(url)
    assert "mail-paper" in mail
    assert not re.search(r"/password/reset/[A-Za-z0-9_-]{30,}", mail)
    house.hire("bo@example.org", "agent")
    house.sign_in("bo@example.org").get("/console/outbox", status=403)


def test_branding_refuses_a_colour_that_white_text_drowns_on(admin):
    fields = {"portal_title-en": "Brocade", "telephone": "400 800"}
    wrong = admin.post("/console/branding", status=422, colour="#ffff00", **fields)
    assert 'href="#f-colour"' in wrong
    seen = admin.seen("/console/branding")
    admin.post("/console/branding", colour="#0d766e", _seen=seen, **fields)
    assert 'value="#0d766e"' in admin.get("/console/branding")
    late = admin.post("/console/branding", status=409, colour="#2952a3", _seen=seen, **fields)
    assert "其他人刚刚保存了新版本" in late
    assert 'value="#2952a3"' in late


def test_the_console_opens_at_the_first_page_one_may_see(house, admin):
    assert admin.client.get("/console/").location == "/console/plugins"
    assert admin.client.get("/console/?q=audit").location.startswith("/console/")
    house.hire("mei@example.org", "agent")
    assert house.sign_in("mei@example.org").client.get("/console/").location == "/console/members"
