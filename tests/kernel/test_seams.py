"""What plugins build with: money, signed addresses, keyset pages, CSV, steps of a past, hooks of their own."""

from __future__ import annotations

import csv
import io
import types
from datetime import UTC, datetime, timedelta

import pluggy
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.actors import SYSTEM
from core.catalog import load
from core.clock import now, uuid7, virtual
from core.contributions import Job
from core.db import transaction
from core.declarations import Plugin
from core.errors import Invalid, NotFound, StartupError
from core.events import EventRow, emit
from core.hookspecs import hookimpl
from core.money import Money
from core.paging import page_of
from core.settings import SettingsChanged
from core.signed import make_token, read_token
from core.tables import csv_answer, read_csv
from core.tenancy import as_tenant
from core.timers import play, register_timer, set_timer

# --- money


@given(st.integers(0, 10**12), st.lists(st.integers(0, 50), min_size=1, max_size=9).filter(any))
def test_shares_add_up_to_the_last_minor_unit(amount, weights):
    shares = Money(amount, "CNY").split(weights)
    assert sum(share.amount for share in shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.amount - amount * weight / sum(weights)) < 1


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [("1,299.50", "CNY", 129950), ("0.05", "EUR", 5), ("300", "JPY", 300), ("-4", "GBP", -400)],
)
def test_an_amount_as_people_write_it(typed, currency, amount):
    assert Money.parse(typed, currency) == Money(amount, currency)


@pytest.mark.parametrize("typed", ["", "x", "1.234", "NaN", "1e999999"])
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(ValueError, match="amount"):
        Money.parse(typed, "CNY")


def test_currencies_do_not_meet():
    assert Money(2, "CNY") + Money(3, "CNY") > Money(4, "CNY")
    with pytest.raises(ValueError, match="do not meet"):
        Money(2, "CNY") + Money(3, "EUR")


# --- signed addresses


def test_a_signed_address_opens_for_its_tenant_and_purpose_alone(make_tenant):
    mine, other, row_id = make_tenant(), make_tenant(), uuid7()
    with as_tenant(mine):
        token = make_token("visits", row_id)
        assert read_token("visits", token) == row_id
        for wrong in (token[:-1] + ("a" if token[-1] != "a" else "b"), "", ".", "é.x", token[:-3]):
            with pytest.raises(NotFound):
                read_token("visits", wrong)
        with pytest.raises(NotFound):
            read_token("contracts", token)
    with as_tenant(other), pytest.raises(NotFound):
        read_token("visits", token)


# --- pages


def test_pages_reach_every_row_once_whatever_comes_in_between(tenant):
    with transaction():
        wanted = [say(f"mark-{number}") for number in range(7)]
    rows = sa.select(EventRow).where(EventRow.type == "settings.changed")
    seen, cursor = [], ""
    while True:
        page = page_of(rows, EventRow.id, cursor=cursor, limit=3, newest=False)
        seen += [row.id for row in page.items]
        if not page.next:
            break
        cursor = page.next
    assert seen == wanted
    with pytest.raises(Invalid):
        page_of(rows.where(EventRow.subject_type == "x"), EventRow.id, cursor=cursor)


def say(owner):
    return emit(
        SettingsChanged(owner=owner, fields=()), subject=("tenant", uuid7()), actor=SYSTEM
    ).id


# --- tables


def test_a_download_holds_no_formula_and_opens_in_a_spreadsheet(app):
    rows = [["=HYPERLINK(1)", "-1", -1, None, '张"三"'], ["@x", "+1", 1.5, "", "a,b"]]
    with app.test_request_context():
        text = csv_answer("members", ["name", "b", "c", "d", "e"], rows).get_data(as_text=True)
    assert text.startswith("\ufeff")
    read = list(csv.reader(io.StringIO(text[1:])))
    assert read[1] == ["'=HYPERLINK(1)", "'-1", "-1", "", '张"三"']
    assert read[2] == ["'@x", "'+1", "1.5", "", "a,b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_an_upload_is_read_in_the_encodings_people_have(encoding):
    found = read_csv("房号, 面积\n1-101 , 88\n\n1-102,90\n".encode(encoding), required=["房号"])
    assert found == [(2, {"房号": "1-101", "面积": "88"}), (4, {"房号": "1-102", "面积": "90"})]


def test_an_upload_that_is_none_says_what_to_do():
    for content, word in ((b"a,b\n1,2", "columns"), (b"\xff\xfe\xff\x00", "unreadable")):
        with pytest.raises(Invalid) as refused:
            read_csv(content, required=["unit"])
        assert refused.value.problems[0].message == f"problem.csv.{word}"


# --- a past


def test_steps_happen_at_their_times_with_timers_in_between(tenant):
    told = []
    register_timer("seams.ring", RING)
    ring.told = told
    with virtual(datetime(2026, 11, 20, tzinfo=UTC)) as clock:
        present = clock.at

        def begin():
            told.append(("begin", now()))
            set_timer("seams.ring", ("x", uuid7()), now() + timedelta(hours=1), str(uuid7()))

        with transaction():
            days = [present - timedelta(days=2), present - timedelta(days=3)]
            play(clock, [(days[0], lambda: told.append(("end", now()))), (days[1], begin)])
        assert clock.at == present
    assert told == [
        ("begin", days[1]), ("ring", days[1] + timedelta(hours=1)), ("end", days[0])
    ]  # fmt: skip


def ring(timer):
    ring.told.append(("ring", now()))


RING = ring


# --- hooks of their own


def plugin_module(name, answers=None, opens=None):
    module = types.ModuleType(f"plugin_{name}")
    module.plugin = Plugin(name, name, hookspecs=opens)
    if answers is not None:

        @hookimpl
        def register_scales():
            return answers

        module.register_scales = register_scales
    return module


def scales_spec():
    module = types.ModuleType("scales")
    module.Job = Job

    def register_scales() -> list[Job]:
        """Anything with a name will do for the test."""

    register_scales.__annotations__["return"] = "list[Job]"
    module.register_scales = pluggy.HookspecMarker("polydesk")(register_scales)
    return module


def test_a_plugin_opens_a_hook_and_another_answers_it(app):
    scale = Job("pupil.scale", "x", print)
    with app.app_context():
        _, catalog = load(
            [plugin_module("pupil", [scale]), plugin_module("opener", opens=scales_spec())]
        )
        assert catalog.shelf("scales") == {"pupil.scale": scale}
        assert catalog.owner("scales", "pupil.scale") == "pupil"
        with pytest.raises(StartupError, match=r"pupil\.register_scales gave str in its list"):
            load(
                [plugin_module("pupil", ["nonsense"]), plugin_module("opener", opens=scales_spec())]
            )
        with pytest.raises(StartupError, match="unknown hook"):
            load([plugin_module("pupil", [scale])])
