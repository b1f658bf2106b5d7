"""The card desk (会员服务台): one search box, members, cards and their applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, redirect, request

from core.sdk import (
    Invalid,
    csv_answer,
    db,
    definition,
    desk_page,
    format_date,
    mask_phone,
    now,
    offered_moves,
    read_form,
    store_file,
    text,
)
from plugins.retail import lists, members, rmas, sales, statements, tasks
from plugins.retail.desk_parts import (
    again_of,
    answers_of,
    back_with,
    lines_of_error,
    move_form,
    version,
)
from plugins.retail.workflow import APPLICATION, MEMBER_WRITE

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import PolydeskError
    from plugins.retail.models import Application

HOME, LIST = "/x/retail/", "/x/retail/members"
APPLICATIONS = "/x/retail/applications"


# --- the desk -------------------------------------------------------------------------------------


def home() -> Any:
    """One box for telephone, card and receipt; what waits at the desk."""
    words = request.args.get("q", "").strip()[:60]
    ticket_id = request.args.get("ticket_id", "")[:40]
    found = lists.member_page(words, limit=10).items if words else []
    receipts = lists.sales_found(words)
    if len(receipts) == 1 and not found and receipts[0].number == words.upper():
        suffix = f"?ticket_id={ticket_id}" if ticket_id else ""
        return redirect(f"/x/retail/sales/{receipts[0].id}{suffix}", 303)
    counts = lists.counts_of_returns(g.actor)
    return desk_page(
        "retail/home.html",
        words=words,
        ticket_id=ticket_id,
        members=_shown(found),
        receipts=[{"sale": s, "total": rmas.amount_text(s.total, s.currency)} for s in receipts],
        waiting=lists.return_page(g.actor, mine=True, limit=10).items,
        counts=counts,
        approvals=len(lists.return_page(g.actor, mine=True, limit=100).items),
        tasks=len(tasks.open_tasks(g.actor)),
        drafts=len(lists.application_page(state="draft").items),
        pending=len(lists.application_page(state="pending_completion").items),
        conflicts=len(lists.application_page(conflicts=True).items),
        may_write=g.actor.can(MEMBER_WRITE),
    )


def _shown(rows: list[Any]) -> list[dict[str, Any]]:
    ids = [member.id for member in rows]
    cards, balances = lists.cards_by_member(ids), statements.balances_of(ids)
    return [
        {
            "member": member,
            "phone": mask_phone(member.phone),
            "card": cards.get(member.id),
            "points": balances.get(member.id, 0),
        }
        for member in rows
    ]


# --- members --------------------------------------------------------------------------------------


def member_list() -> str:
    """Members by name, telephone or card."""
    words = request.args.get("q", "").strip()[:60]
    only = request.args.get("only", "")
    only = only if only in lists.FILTERS else ""
    found = lists.member_page(words, only=only, cursor=request.args.get("cursor", ""))
    return desk_page(
        "retail/members.html",
        words=words,
        only=only,
        filters=lists.FILTERS,
        rows=_shown(found.items),
        next_url=back_with(LIST, q=words, only=only, cursor=found.next),
        first_url=back_with(LIST, q=words, only=only) if request.args.get("cursor") else "",
        csv_url=back_with(f"{LIST}.csv", q=words, only=only),
        may_write=g.actor.can(MEMBER_WRITE),
    )


def member_csv() -> Any:
    """The same list as CSV, masked as on the screen."""
    words, only = request.args.get("q", "").strip()[:60], request.args.get("only", "")
    query = lists.members_found(words, only).limit(lists.MOST)
    rows = _shown(list(db.session.scalars(query)))
    header = [
        text(f"retail.field.{name}")
        for name in ("member_number", "member", "phone", "card", "points", "status", "joined_at")
    ]
    return csv_answer(
        "members",
        header,
        (
            (
                row["member"].number,
                row["member"].name,
                row["phone"],
                row["card"].number if row["card"] else "",
                row["points"],
                text(f"retail.member.{row['member'].status}"),
                format_date(row["member"].joined_at),
            )
            for row in rows
        ),
    )


def member_page(member_id: UUID) -> str:
    """One member: cards, points, receipts."""
    member = members.get_member(member_id)
    household = members.household_of(member.household_key, besides=member.id)
    return desk_page(
        "retail/member.html",
        member=member,
        phone=mask_phone(member.phone),
        cards=members.cards_of(member.id),
        working=members.WORKING,
        balance=statements.balance_of(member.id),
        expiring=statements.expiring(member.id, until=now() + members.SOON),
        history=statements.history(member.id),
        receipts=[
            {"sale": s, "total": rmas.amount_text(s.total, s.currency)}
            for s in sales.sales_of_member(member.id)
        ],
        household=household,
        may_write=g.actor.can(MEMBER_WRITE),
    )


def lose_card(card_id: UUID) -> Any:
    """The card is lost."""
    card = members.report_lost(card_id, actor=g.actor)
    return redirect(f"{LIST}/{card.member_id}", 303)


def replace_card(card_id: UUID) -> Any:
    """A new one, or the silver card in place of the old (RT-16)."""
    kind = "silver" if request.form.get("kind") == "silver" else "member"
    card = members.replace_card(card_id, kind=kind, actor=g.actor)
    return redirect(f"{LIST}/{card.member_id}", 303)


# --- applications ---------------------------------------------------------------------------------


def application_list() -> str:
    """Applications by state, and those with a household conflict."""
    state, conflicts = request.args.get("state", ""), request.args.get("conflicts") == "1"
    flow = definition("workflow", APPLICATION)
    known = [each.name for each in flow.states]
    state = state if state in known else ""
    cursor = request.args.get("cursor", "")
    found = lists.application_page(state=state, conflicts=conflicts, cursor=cursor)
    return desk_page(
        "retail/applications.html",
        rows=found.items,
        state=state,
        states=known,
        conflicts=conflicts,
        next_url=back_with(
            APPLICATIONS, state=state, conflicts="1" if conflicts else "", cursor=found.next
        ),
        first_url=back_with(APPLICATIONS, state=state) if cursor else "",
        may_write=g.actor.can(MEMBER_WRITE),
    )


def new_application() -> str:
    """The empty form FM-09."""
    return _draw_new({}, ())


def apply_again(error: PolydeskError) -> str:
    """FM-09 with what was typed."""
    form = definition("form", "retail.application")
    typed = read_form(form, request.form).data
    return _draw_new(typed, getattr(error, "problems", None) or lines_of_error(error))


def _draw_new(typed: dict[str, Any], problems: Any) -> str:
    form = definition("form", "retail.application")
    return desk_page("retail/application_new.html", form=form, typed=typed, problems=problems)


def apply() -> Any:
    """Take an application in."""
    form = definition("form", "retail.application")
    read = read_form(form, request.form, request.files, store=_keep)
    if read.problems:
        raise Invalid(*read.problems)
    made = members.apply_for_card(read.values, actor=g.actor)
    return redirect(f"{APPLICATIONS}/{made.id}", 303)


def _keep(file: Any) -> UUID:
    return store_file(file, actor=g.actor).id


def application_page(application_id: UUID) -> str:
    """One application with the steps that are offered."""
    return _draw_application(members.get_application(application_id), {})


def _draw_application(application: Application, again: dict[str, Any]) -> str:
    flow = definition("workflow", APPLICATION, application.workflow_version)
    moves = [move_form(move, again) for move in offered_moves(application.state, flow, g.actor)]
    conflict = members.household_of(application.household_key, besides=application.member_id)
    return desk_page(
        "retail/application.html",
        application=application,
        phone=mask_phone(application.phone),
        moves=moves,
        conflict=conflict,
        conflict_card=members.working_card(conflict.id) if conflict else None,
        member=members.get_member(application.member_id) if application.member_id else None,
        problems=again.get("problems", ()) if not again.get("move") else (),
        paper=f"/desk/reports/retail.application.pdf?application_id={application.id}",
    )


def application_step(application_id: UUID, application_step: str) -> Any:
    """Take a step of an application."""
    application = members.get_application(application_id)
    flow = definition("workflow", APPLICATION, application.workflow_version)
    answers = answers_of(flow, application.state, application_step)
    members.take_step(application_id, application_step, answers, actor=g.actor, version=version())
    return redirect(f"{APPLICATIONS}/{application_id}", 303)


def application_again(error: PolydeskError, application_id: UUID, application_step: str) -> str:
    """The application with what stands against the step."""
    application = members.get_application(application_id)
    flow = definition("workflow", APPLICATION, application.workflow_version)
    return _draw_application(application, again_of(error, flow, application_step))
