"""Reporting a repair on the portal: which home, what is wrong, photos, when somebody is in, whom to call."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import g, redirect, request

from core.sdk import (
    PUBLIC,
    Actor,
    Block,
    Card,
    Conflict,
    Field,
    Invalid,
    NewTicket,
    NotFound,
    Option,
    PointIn,
    PortalPage,
    Problem,
    contact_for_unverified_point,
    current_locale,
    definition,
    form_groups,
    form_summary,
    link_token_of,
    new_form_key,
    now,
    once,
    open_ticket,
    points_of,
    portal_page,
    read_form,
    spend_throttle,
    store_file,
    text,
    throttle_range,
)
from plugins.property_mgmt import estates, residents
from plugins.property_mgmt.forms import CATEGORY_OF, TRADE_ICONS
from plugins.property_mgmt.repairs import hazard_in
from plugins.property_mgmt.workflow import REPAIR

if TYPE_CHECKING:
    from core.sdk import Answers, Form, PolydeskError
    from plugins.property_mgmt.models import Unit

ADDRESS = "/p/property_mgmt/repair"
PER_HOUR, HOUR = 40, 3600
OWN = ("building", "number")


def repair(actor: Actor) -> Any:
    """The form, and on POST the ticket: once per form key."""
    if request.method == "GET":
        return _draw(actor, _known(actor), (), new_form_key())
    key = request.form.get("form_key", "")
    answers = _answers(actor, key)
    unit = None if answers.problems else _unit(answers.values)
    spend_throttle(
        throttle_range("property_mgmt.repair", request.remote_addr or ""), PER_HOUR, HOUR
    )
    if answers.problems or unit is None:
        raise Invalid(*answers.problems, *([] if answers.problems else [_no_unit()]))
    ticket_id = once(
        partial(_open, actor, unit, answers, key),
        principal="portal",
        route="property_mgmt.repair",
        key=key,
        body={name: value for name, value in answers.data.items() if name != "photos"},
    )
    token = link_token_of(ticket_id)
    if not token:
        raise NotFound("the link was revoked")
    return redirect(f"/track/{token}/receipt", 303)


def _again(error: PolydeskError) -> str:
    """The form with what was typed and uploaded, and what is wrong."""
    key = request.form.get("form_key", "") or new_form_key()
    return _draw(g.actor, g.get("typed", {}), problems_of(error), key)


def problems_of(error: PolydeskError) -> tuple[Problem, ...]:
    """What is wrong, at the names that the page's fields have."""
    if isinstance(error, Invalid):
        return tuple(
            replace(problem, field=problem.field.removeprefix("form."))
            for problem in error.problems
        )
    word = "sent_twice" if isinstance(error, Conflict) else "again"
    return (Problem(field="", message=f"property_mgmt.error.{word}"),)


def _form() -> Form:
    """The declared report, its unit asked as building and number: nobody is shown who lives where."""
    declared: Form = definition("form", REPAIR)
    titles = {estate.id: estate.name for estate in estates.estates()}
    options = tuple(
        Option(str(row.id), f"{titles[row.estate_id]} {row.name}")
        for row in estates.buildings()
        if row.estate_id in titles
    )
    where = (
        Field("building", "choice", "property_mgmt.field.building", required=True, options=options),
        Field(
            "number", "text", "property_mgmt.field.number",
            required=True, maximum=30, help="property_mgmt.help.number",
        ),
    )  # fmt: skip
    rest = tuple(field for field in declared.fields if field.name != "unit")
    return replace(declared, fields=(*where, *rest))


def _draw(actor: Actor, typed: dict[str, Any], problems: tuple[Problem, ...], key: str) -> str:
    title = text("property_mgmt.portal.title")
    return portal_page(
        "property_mgmt/repair.html",
        page_title=text("property_mgmt.portal.refused", title=title) if problems else title,
        title=title,
        groups=form_groups(_form(), typed, problems),
        problems=problems,
        summary=form_summary(problems),
        icons=TRADE_ICONS,
        key=key,
        homes=_homes(actor),
        today=now(),
    )


def _is_customer(actor: Actor) -> bool:
    return actor.kind == "contact" and actor.id is not None and actor.ticket_id is None


def _homes(actor: Actor) -> list[dict[str, Any]]:
    """The homes of a customer who is signed in, to be chosen by a click."""
    if not _is_customer(actor) or actor.id is None:
        return []
    unit_ids = [home.unit_id for home in residents.homes_of(actor.id)]
    units = [estates.unit_of(unit_id) for unit_id in dict.fromkeys(unit_ids)]
    told = estates.places(unit_ids)
    return [
        {"url": f"{ADDRESS}?home={unit.id}", "place": told[unit.id], "id": str(unit.id)}
        for unit in units
    ]


def _known(actor: Actor) -> dict[str, Any]:
    """What a customer who is signed in need not say again: a home of his own, his name and telephone."""
    homes = _homes(actor)
    if not _is_customer(actor) or actor.id is None:
        return {}
    phone = next((p.value for p in points_of([actor.id])[actor.id] if p.kind == "phone"), "")
    known = {"name": actor.name, "phone": phone}
    chosen = request.args.get("home", "") or next((home["id"] for home in homes), "")
    if chosen not in {home["id"] for home in homes}:
        return known
    unit = estates.unit_of(UUID(chosen))
    return {**known, "building": str(unit.building_id), "number": unit.number}


def _answers(actor: Actor, key: str) -> Answers:
    def store(file: Any) -> UUID:
        kept: UUID = store_file(file, actor=actor, form_key=key).id
        return kept

    answers = read_form(_form(), request.form, request.files, store=store)
    g.typed = answers.data
    return answers


def _unit(values: dict[str, Any]) -> Unit | None:
    return estates.unit_in(UUID(str(values["building"])), values["number"])


def _no_unit() -> Problem:
    return Problem(field="number", message="property_mgmt.error.no_such_number")


def _open(actor: Actor, unit: Unit, answers: Answers, key: str) -> UUID:
    values, data = answers.values, answers.data
    given = {name: data[name] for name in values if name in data and name not in OWN}
    words = values["description"]
    trade = text(f"property_mgmt.trade.{values['trade']}")
    ticket = open_ticket(
        NewTicket(
            type=REPAIR,
            subject=text("property_mgmt.portal.subject", trade=trade, place=estates.place(unit.id)),
            description=words,
            channel="web",
            category=CATEGORY_OF[values["trade"]],
            priority="urgent" if hazard_in(words) else "normal",
            form={**given, "unit": unit.code},
            form_key=key,
            language=current_locale(),
        ),
        actor=_speaker(actor, values),
    )
    found: UUID = ticket.id
    return found


def _speaker(actor: Actor, values: dict[str, Any]) -> Actor:
    """The customer who is signed in, else the unverified contact with this telephone: he proves nothing."""
    if _is_customer(actor):
        return actor
    points = [PointIn("phone", values["phone"])]
    contact = contact_for_unverified_point(
        values["name"], points, locale=current_locale(), actor=actor
    )
    return Actor(kind="contact", id=contact.id, name=contact.display_name, locale=contact.locale)


def card(_actor: Actor) -> list[Block]:
    """One line on the portal's home, and the way to the form."""
    return [
        Block("text", value=text("property_mgmt.card.words")),
        Block("link", label="property_mgmt.card.link", url=ADDRESS),
    ]


PAGES = [
    PortalPage(
        "repair", "property_mgmt.portal.title", repair, PUBLIC,
        methods=("GET", "POST"), redraw=_again,
    )
]  # fmt: skip
CARDS = [Card("property_mgmt.repair", "property_mgmt.card.title", card, icon="tool")]
