"""Returns at the desk: the receipt, the policy's word, the case with its steps, the refund wizard, tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import g, redirect, request

from core.sdk import (
    Invalid,
    Problem,
    csv_answer,
    db,
    definition,
    desk_page,
    format_datetime,
    get_ticket,
    mask_phone,
    offered_moves,
    text,
)
from plugins.retail import lists, members, payouts, policy, rmas, sales, steps, tasks
from plugins.retail.desk_parts import (
    again_of,
    answers_of,
    back_with,
    lines_of_error,
    move_form,
    version,
)
from plugins.retail.guards import not_own_case
from plugins.retail.refunds import get_refund, tender_of
from plugins.retail.workflow import OPEN_STATES, REFUND, RMA, RMA_FLOW, WRITE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.sdk import PolydeskError
    from plugins.retail.models import Sale
    from plugins.retail.return_models import Refund, Rma

RETURNS, TASKS = "/x/retail/returns", "/x/retail/tasks"
QUIET = frozenset({"cancel", "decline", "fail", "pass_partly", "grant_exception", "fail_refund"})
"""Steps that are seldom the next one: offered, but behind the others."""


# --- receipts -------------------------------------------------------------------------------------


def sale_page(sale_id: UUID) -> str:
    """A receipt: goods, tenders, and the beginning of a return."""
    return _draw_sale(sales.get_sale(sale_id), request.args, None, ())


def check_return(sale_id: UUID) -> str:
    """What the policy says to the wish on the page; nothing is written."""
    sale = sales.get_sale(sale_id)
    try:
        verdict = rmas.check(sale, _wish(sale, request.args))
    except Invalid as error:
        return _draw_sale(sale, request.args, None, lines_of_error(error))
    return _draw_sale(sale, request.args, verdict, ())


def open_again(error: PolydeskError, sale_id: UUID) -> str:
    """The receipt with what was asked and what stands against it."""
    sale = sales.get_sale(sale_id)
    try:
        verdict = rmas.check(sale, _wish(sale, request.form))
    except Invalid:
        verdict = None
    return _draw_sale(sale, request.form, verdict, lines_of_error(error))


def open_return(sale_id: UUID) -> Any:
    """Open the case."""
    sale = sales.get_sale(sale_id)
    given = request.form.get("ticket_id", "")
    try:
        ticket_id = UUID(given) if given else None
    except ValueError:
        raise Invalid(Problem(field="ticket_id", message="tickets.error.unknown")) from None
    contact_id = members.get_member(sale.member_id).contact_id if sale.member_id else None
    rma = rmas.request(
        sale.id, _wish(sale, request.form), actor=g.actor, contact_id=contact_id,
        ticket_id=ticket_id,
    )  # fmt: skip
    return redirect(f"{RETURNS}/{rma.id}", 303)


def _wish(sale: Sale, asked: Mapping[str, str]) -> rmas.Wish:
    lines = []
    for line in sales.lines_of(sale.id):
        typed = asked.get(f"count-{line.id}", "")
        if typed.isascii() and typed.isdigit() and int(typed[:6]) > 0:
            lines.append((line.id, int(typed[:6])))
    repairs = asked.get("failed_repairs", "")
    return rmas.Wish(
        lines=tuple(lines),
        reason=asked.get("reason", ""),
        condition=asked.get("condition", ""),
        remedy=asked.get("remedy", ""),
        failed_repairs=int(repairs) if repairs.isascii() and repairs.isdigit() else 0,
        words=asked.get("words", "").strip()[:2000],
    )


def _draw_sale(
    sale: Sale, asked: Mapping[str, str], verdict: policy.Verdict | None, problems: Any
) -> str:
    left = sales.left_of(sale.id)
    member = members.get_member(sale.member_id) if sale.member_id else None
    offers = [
        {"offer": offer, "rule": rmas.rule_text(offer.rule), "why": rmas.why(offer)}
        for offer in (verdict.offers if verdict else ())
    ]
    return desk_page(
        "retail/sale.html",
        sale=sale,
        member=member,
        phone=mask_phone(sale.phone),
        total=rmas.amount_text(sale.total, sale.currency),
        lines=[
            {
                "line": line,
                "left": left[line.id],
                "amount": rmas.amount_text(line.amount, sale.currency),
                "count": asked.get(f"count-{line.id}", ""),
            }
            for line in sales.lines_of(sale.id)
        ],
        tenders=[
            {"tender": t, "amount": rmas.amount_text(t.amount, sale.currency)}
            for t in sales.tenders_of(sale.id)
        ],
        reasons=policy.REASONS,
        conditions=policy.CONDITIONS,
        asked={
            name: asked.get(name, "")
            for name in ("reason", "condition", "failed_repairs", "words", "remedy", "ticket_id")
        },
        offers=offers,
        checked=verdict is not None,
        problems=[{"field": p.field, "words": text(p.message, **dict(p.values))} for p in problems],
        may_write=g.actor.can(WRITE),
    )


# --- returns --------------------------------------------------------------------------------------


def _asked() -> dict[str, Any]:
    state, words = request.args.get("state", ""), request.args.get("q", "").strip()[:60]
    known = {each.name for each in RMA_FLOW.states}
    return {
        "state": state if state in known else "",
        "words": words,
        "mine": request.args.get("mine") == "1",
    }


def return_list() -> str:
    """Returns by state, by receipt or ticket number, and those that wait for one's approval."""
    asked, cursor = _asked(), request.args.get("cursor", "")
    found = lists.return_page(g.actor, cursor=cursor, **asked)
    address = {"q": asked["words"], "state": asked["state"], "mine": "1" if asked["mine"] else ""}
    return desk_page(
        "retail/returns.html",
        rows=_shown(found.items),
        asked=asked,
        counts=lists.counts_of_returns(g.actor),
        states=[each.name for each in RMA_FLOW.states],
        open_states=OPEN_STATES,
        next_url=back_with(RETURNS, **address, cursor=found.next),
        first_url=back_with(RETURNS, **address) if cursor else "",
        csv_url=back_with(f"{RETURNS}.csv", **address),
    )


def _shown(rows: list[Any]) -> list[dict[str, Any]]:
    tickets = lists.tickets_by_id([rma.ticket_id for rma in rows])
    receipts = lists.sales_by_id([rma.sale_id for rma in rows])
    return [
        {
            "rma": rma,
            "ticket": tickets[rma.ticket_id],
            "sale": receipts[rma.sale_id],
            "amount": rmas.amount_text(rma.amount, rma.currency),
            "rule": rmas.rule_text(rma.rule),
        }
        for rma in rows
    ]


def return_csv() -> Any:
    """The same list as CSV."""
    query = lists.returns_found(g.actor, **_asked())
    rows = _shown(list(db.session.scalars(query.limit(lists.MOST))))
    header = [
        text(f"retail.field.{name}")
        for name in (
            "number",
            "receipt",
            "requested_at",
            "state",
            "reason",
            "remedy",
            "amount",
            "rule",
        )
    ]
    return csv_answer(
        "returns",
        header,
        (
            (
                row["ticket"].number,
                row["sale"].number,
                format_datetime(row["rma"].requested_at),
                text(f"retail.rma.{row['rma'].state}"),
                text(f"retail.reason.{row['rma'].reason}"),
                text(f"retail.remedy.{row['rma'].remedy}"),
                row["amount"],
                rmas.rule_text(row["rma"].rule),
            )
            for row in rows
        ),
    )


def return_page(rma_id: UUID) -> str:
    """One case: what was asked, why it is allowed, the steps, the refunds."""
    return _draw_return(rmas.get_rma(rma_id, actor=g.actor), {})


def _draw_return(rma: Rma, again: dict[str, Any]) -> str:
    flow = definition("workflow", RMA, rma.workflow_version)
    sale = sales.get_sale(rma.sale_id)
    moves = [move_form(move, again) for move in offered_moves(rma.state, flow, g.actor)]
    wanted = [each for each in moves if _fits(rma, each["move"].name)]
    waits = next((s.title for s in flow.states if s.name == rma.state), "")
    return desk_page(
        "retail/return.html",
        rule=rmas.rule_text(rma.rule),
        rma=rma,
        ticket=get_ticket(rma.ticket_id, actor=g.actor),
        sale=sale,
        amount=rmas.amount_text(rma.amount, rma.currency),
        why=rmas.why(rma.verdict),
        lines=[
            {"rma_line": a, "line": b, "amount": rmas.amount_text(a.amount, rma.currency)}
            for a, b in rmas.lines_of_rma(rma.id)
        ],
        stages=_stages(rma),
        state_title=waits,
        moves=[each for each in wanted if each["move"].name not in QUIET],
        others=[each for each in wanted if each["move"].name in QUIET],
        own_case=rma.state == "pending_approval" and bool(not_own_case(rma, {}, g.actor)),
        refunds=[_refund_shown(refund, again) for refund in rmas.refunds_of(rma.id)],
        tasks=tasks.tasks_of(rma.id),
        problems=again.get("problems", ()) if again.get("loose") else (),
    )


_ONLY_FOR = {
    "settle": "return",
    "exchange": "exchange",
    "give_credit": "store_credit",
    "send_to_repair": "repair",
}


def _fits(rma: Rma, name: str) -> bool:
    return _ONLY_FOR.get(name, rma.remedy) == rma.remedy


def _stages(rma: Rma) -> list[dict[str, Any]]:
    here = next((s.stage for s in RMA_FLOW.states if s.name == rma.state), "")
    names = [stage.name for stage in RMA_FLOW.stages]
    place = names.index(here) if here in names else 0
    at = {
        "request": rma.requested_at,
        "decision": rma.approved_at,
        "goods": rma.received_at,
        "settlement": rma.inspected_at,
        "done": rma.finished_at,
    }
    return [
        {
            "title": text(stage.title),
            "state": "done" if index < place else "now" if index == place else "next",
            "note": format_datetime(at[stage.name], "short") if index <= place else "",
        }
        for index, stage in enumerate(RMA_FLOW.stages)
    ]


def _refund_shown(refund: Refund, again: dict[str, Any]) -> dict[str, Any]:
    flow = definition("workflow", REFUND, refund.workflow_version)
    mine = again if again.get("refund_id") == refund.id else {}
    moves = [
        move_form(move, mine)
        for move in offered_moves(refund.state, flow, g.actor)
        if _next_for(refund, move.name)
    ]
    return {
        "refund": refund,
        "tender": tender_of(refund),
        "amount": rmas.amount_text(refund.amount, refund.currency),
        "state": next(s.title for s in flow.states if s.name == refund.state),
        "status": next(s.status for s in flow.states if s.name == refund.state),
        "moves": [each for each in moves if each["move"].name not in QUIET],
        "others": [each for each in moves if each["move"].name in QUIET],
        "proofs": f"retail.proof.{refund.method}",
        "paper": f"/desk/reports/retail.voucher.pdf?refund_id={refund.id}"
        if refund.voucher
        else "",
    }


def _next_for(refund: Refund, name: str) -> bool:
    """UnionPay before the till for bank cards, the till alone for the rest (RT-13)."""
    if name == "record_slip":
        return refund.method == "bank"
    if name == "post":
        return refund.method != "bank" or bool(refund.slip_reference)
    return True


def take_step(rma_id: UUID, rma_step: str) -> Any:
    """Take a step of the case."""
    rma = rmas.get_rma(rma_id, actor=g.actor)
    flow = definition("workflow", RMA, rma.workflow_version)
    answers = answers_of(flow, rma.state, rma_step)
    steps.take(rma, rma_step, answers, actor=g.actor, version=version())
    return redirect(f"{RETURNS}/{rma_id}", 303)


def step_again(error: PolydeskError, rma_id: UUID, rma_step: str) -> str:
    """The case with what stands against the step."""
    rma = rmas.get_rma(rma_id, actor=g.actor)
    flow = definition("workflow", RMA, rma.workflow_version)
    again = again_of(error, flow, rma_step)
    again["loose"] = all(m.name != rma_step for m in offered_moves(rma.state, flow, g.actor))
    return _draw_return(rma, again)


def take_refund_step(refund_id: UUID, refund_step: str) -> Any:
    """Take a step of a refund."""
    refund = get_refund(refund_id)
    flow = definition("workflow", REFUND, refund.workflow_version)
    answers = answers_of(flow, refund.state, refund_step)
    payouts.take_step(refund_id, refund_step, answers, actor=g.actor, version=version())
    return redirect(f"{RETURNS}/{refund.rma_id}#refunds", 303)


def refund_again(error: PolydeskError, refund_id: UUID, refund_step: str) -> str:
    """The case with what stands against the refund's step."""
    refund = get_refund(refund_id)
    rma = rmas.get_rma(refund.rma_id, actor=g.actor)
    flow = definition("workflow", REFUND, refund.workflow_version)
    loose = all(m.name != refund_step for m in offered_moves(refund.state, flow, g.actor))
    again = {**again_of(error, flow, refund_step), "refund_id": refund.id, "loose": loose}
    return _draw_return(rma, again)


# --- tasks ----------------------------------------------------------------------------------------


def task_list() -> str:
    """What the floor and the desk must run after."""
    rows = [
        {"task": task, "rma": rma, "ticket": ticket}
        for task, rma, ticket in tasks.open_tasks(g.actor)
    ]
    return desk_page("retail/tasks.html", rows=rows)


def finish_task(task_id: UUID) -> Any:
    """Note what came of a task."""
    task = tasks.get_task(task_id)
    rmas.get_rma(task.rma_id, actor=g.actor)
    tasks.finish(task_id, request.form.get("result", "").strip()[:1000], actor=g.actor)
    return redirect(TASKS, 303)
