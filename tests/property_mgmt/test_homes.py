"""Homes, residents and files of them: one number per home, idempotent imports, which home a ticket is about."""

from __future__ import annotations

from contextvars import Context
from datetime import date
from functools import partial

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.cli import ScriptInfo

from core.db import clear_session, db, transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from core.events import EventRow
from core.jobs import drain
from core.panels import draw_panel
from core.tenancy import as_tenant
from core.tickets import service as tickets
from core.work import job_run
from plugins.property_mgmt import commands, estates, imports, residents
from plugins.property_mgmt.models import Import, Resident, Unit
from tests.property_mgmt.conftest import Home

HEAD = "estate,building,unit,floor,area_m2,kind,status,resident,role,phone,moved_in\n"
GOOD = HEAD + (
    "YQ,1,2-301,3,92.8,home,let,王敏,tenant,13800007001,2021-05-01\n"
    "YQ,1,2-302,3,92.8,home,occupied,,,,\n"
    "YQ,2,1-101,1,,shop,vacant,赵庆,owner,13800007002,\n"
)


def units() -> list[str]:
    return list(db.session.scalars(sa.select(Unit.code).order_by(Unit.code)))


def read(words: str) -> Import:
    with transaction():
        kept = imports.read_now("homes.csv", words.encode())
        db.session.flush()
    return kept


def test_a_file_brings_estates_buildings_homes_and_residents(home: Home) -> None:
    kept = read(GOOD)
    assert (kept.made, kept.changed, kept.same, kept.refused) == (3, 0, 0, [])
    assert "YQ-1-2-301" in units()
    unit = estates.find_unit("yq-1-2-301")
    assert (unit.area_cm2, unit.status) == (928_000, "let")
    (person,) = residents.named(residents.people_of([unit.id])[unit.id])
    assert (person["name"], person["phone"]) == ("王敏", "+8613800007001")
    assert kept.content == "", "the file's words are forgotten"


def test_the_same_file_again_changes_nothing(home: Home) -> None:
    read(GOOD)
    before = units(), db.session.scalar(sa.select(sa.func.count()).select_from(Resident))
    kept = read(GOOD)
    assert (kept.made, kept.changed, kept.same) == (0, 0, 3)
    assert before == (units(), db.session.scalar(sa.select(sa.func.count()).select_from(Resident)))
    kept = read(GOOD.replace("shop,vacant", "shop,let"))
    assert (kept.made, kept.changed, kept.same) == (0, 1, 2)


def test_one_import_is_one_fact(home: Home) -> None:
    read(GOOD)
    query = sa.select(EventRow).where(EventRow.type == "property_mgmt.units.imported")
    (row,) = db.session.scalars(query).all()
    assert row.payload["made"] == 3


def test_refused_lines_say_where_and_why(home: Home) -> None:
    bad = HEAD + (
        "YQ,1,2-303,third,,home,occupied,,,,\n"
        "Y Q!,1,2-304,,,castle,occupied,,,,\n"
        "YQ,1,,,,,,,,,\n"
        "YQ,1,2-305,,,home,occupied,王敏,owner,12,gestern\n"
        "YQ,1,2-306,,,home,occupied,,,,\n"
    )
    kept = read(bad)
    assert kept.made == 1, "the good line went in"
    told = [(line, column) for line, column, _, _ in kept.refused]
    assert told == [
        (2, "floor"), (3, "estate"), (3, "kind"), (4, "unit"), (5, "phone"), (5, "moved_in"),
    ]  # fmt: skip


@pytest.mark.parametrize("words", ["building,unit\n1,2\n", HEAD])
def test_a_file_that_is_none_is_told_at_once(home: Home, admin, words: str) -> None:
    with pytest.raises(Invalid), transaction():
        imports.begin("homes.csv", words.encode(), actor=admin)
    with transaction():
        assert imports.begin("homes.csv", GOOD.encode("gb18030"), actor=admin).run_id


def test_the_job_reads_the_file_with_progress(home: Home, admin) -> None:
    with transaction():
        kept = imports.begin("homes.csv", GOOD.encode(), actor=admin)
        import_id, run_id = kept.id, kept.run_id
    assert job_run(run_id).state == "queued"
    drain()
    clear_session()
    view = job_run(run_id)
    assert (view.state, view.done, view.total) == ("done", 3, 3)
    kept = estates.row_of(Import, import_id)
    assert (kept.made, kept.finished_at is not None) == (3, True)


def test_a_number_is_taken_once(home: Home, admin) -> None:
    building = home.unit.building_id
    with pytest.raises(Conflict), transaction():
        estates.add_unit({"building_id": building, "number": " 1-1802 "}, actor=admin)
    with pytest.raises(Conflict), transaction():
        estates.add_estate({"code": "jl", "name": "x"}, actor=admin)
    with transaction():
        assert estates.add_unit({"building_id": building, "number": "1-1804"}, actor=admin).code


def test_writing_wants_its_permission_and_the_version_that_was_read(home: Home, admin) -> None:
    with pytest.raises(Forbidden), transaction():
        estates.change(
            estates.unit_of(home.unit.id), {"status": "let"}, version=1, actor=home.house.agent
        )
    with pytest.raises(StaleVersion), transaction():
        estates.change(estates.unit_of(home.unit.id), {"status": "let"}, version=9, actor=admin)
    with transaction():
        changed = estates.change(
            estates.unit_of(home.unit.id), {"status": "let"}, version=1, actor=admin
        )
    assert changed == ("status",)


def test_moving_in_twice_and_out(home: Home, admin) -> None:
    values = {"unit_id": home.unit.id, "contact_id": home.resident_id, "role": "owner"}
    with pytest.raises(Conflict), transaction():
        residents.move_in(values, actor=admin)
    (row,) = residents.homes_of(home.resident_id)
    with transaction():
        residents.move_out(row.id, version=row.version, actor=admin)
    assert row.moved_out == date(2026, 11, 16)
    assert residents.homes_of(home.resident_id) == []
    with transaction():
        residents.move_in(values, actor=admin)
    assert len(residents.homes_of(home.resident_id)) == 1


@pytest.mark.rule("PM-01")
def test_a_call_is_linked_to_unit_and_owner(home: Home) -> None:
    """G call / W saved / T unit + owner linked."""
    new = tickets.NewTicket(
        type="problem", subject="来电", description="楼道灯不亮", contact_id=home.resident_id,
        channel="phone", team_id=home.house.desk,
    )  # fmt: skip
    with transaction():
        ticket = tickets.open_ticket(new, actor=home.house.agent)
        ticket_id = ticket.id
    drain()
    clear_session()
    assert residents.unit_of_ticket(ticket_id).code == "JL-3-1-1802"
    drawn = draw_panel(
        "property_mgmt.unit",
        lambda: tickets.get_ticket(ticket_id, actor=home.house.agent),
        home.house.agent,
    )
    shown = str([block.items for block in drawn.blocks])
    assert "锦澜花园 3栋 1-1802" in shown
    assert "林晓雯 138****6021" in shown
    assert "13800006021" not in shown


def test_somebody_with_two_homes_is_asked_about(home: Home, admin) -> None:
    with transaction():
        values = {"unit_id": home.other.id, "contact_id": home.resident_id, "role": "owner"}
        residents.move_in(values, actor=admin)
    new = tickets.NewTicket(
        type="problem", subject="来电", description="灯不亮", contact_id=home.resident_id,
        team_id=home.house.desk,
    )  # fmt: skip
    with transaction():
        ticket_id = tickets.open_ticket(new, actor=home.house.agent).id
    drain()
    clear_session()
    assert residents.unit_of_ticket(ticket_id) is None
    with transaction():
        residents.link_unit(ticket_id, home.other.id, known_by="staff", actor=home.house.agent)
    assert residents.unit_of_ticket(ticket_id).id == home.other.id


@pytest.mark.rule("PM-06")
def test_an_empty_situation_is_refused(home: Home) -> None:
    """G empty situation / W archive / T refused."""
    with pytest.raises(Invalid) as caught:
        home.report(form={"description": "  "}, description="  ")
    assert "form.description" in {problem.field for problem in caught.value.problems}
    assert home.report().number, "with words it is taken in"


def test_a_report_for_no_home_is_refused(home: Home) -> None:
    with pytest.raises(Invalid) as caught:
        home.report(form={"unit": "JL-3-9-9999"})
    assert [problem.field for problem in caught.value.problems] == ["form.unit"]
    assert home.report(form={"unit": "ＪＬ－３－１－１８０２"}).number, "full width is understood"


def test_another_tenant_has_none_of_it(home: Home, stranger, app) -> None:

    unit_id = home.unit.id

    def look() -> None:
        with app.app_context(), as_tenant(stranger):
            with pytest.raises(NotFound):
                estates.unit_of(unit_id)
            assert units() == []
            assert estates.find_unit("JL-3-1-1802") is None

    Context().run(look)
    assert estates.unit_of(unit_id).code == "JL-3-1-1802"


def test_import_units_on_the_command_line(home: Home, tmp_path, app) -> None:
    path = tmp_path / "homes.csv"
    path.write_text(GOOD + "YQ,1,,,,,,,,,\n", encoding="utf-8")
    runner = CliRunner()
    slug = home.house.tenant.slug
    run = partial(runner.invoke, commands.group)
    answer = Context().run(
        run, ["import-units", slug, str(path)], obj=ScriptInfo(create_app=lambda: app)
    )
    assert answer.exit_code == 0, answer.output
    assert "3 made, 0 changed, 0 as they were, 1 refused" in answer.output
    wrong = Context().run(
        run, ["import-units", "nobody", str(path)], obj=ScriptInfo(create_app=lambda: app)
    )
    assert wrong.exit_code == 2
