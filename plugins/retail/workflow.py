"""The ways of retail: a return's ticket, the return itself (ST-R), its refunds, and a card application (ST-A)."""

from __future__ import annotations

from core.sdk import Stage, State, Transition, Workflow

TICKET, RMA, REFUND, APPLICATION = (
    "retail.return",
    "retail.rma",
    "retail.refund",
    "retail.application",
)
READ, WRITE = "retail.return:read", "retail.return:write"
APPROVE, EXCEPTION, EXECUTE = (
    "retail.refund:approve",
    "retail.refund:exception",
    "retail.refund:write",
)
MEMBER_READ, MEMBER_WRITE, MEMBER_APPROVE = (
    "retail.member:read",
    "retail.member:write",
    "retail.member:approve",
)
SALE_READ, SALE_WRITE, POINT_WRITE = "retail.sale:read", "retail.sale:write", "retail.point:write"
REPORT = "retail.report:read"
STAFF = ("user", "app", "system")
ANYBODY = ("contact", "user", "app", "system")
SYSTEM_ALONE = ("system",)


def _state(group: str, name: str, status: str, stage: str = "", *, pauses: bool = False) -> State:
    return State(name, f"retail.{group}.{name}", status, stage, pauses)  # type: ignore[arg-type]


def _way(
    name: str, sources: str, target: str, *, group: str = "move", form: str = "", guards: str = "",
    permission: str = WRITE, kinds: tuple[str, ...] = STAFF, reopens: bool = False,
) -> Transition:  # fmt: skip
    return Transition(
        name=name,
        title=f"retail.{group}.{name}",
        sources=tuple(sources.split()),
        target=target,
        permission=permission,
        actor_kinds=kinds,
        guards=tuple(f"retail.{guard}" for guard in guards.split()),
        form=f"retail.{form}" if form else "",
        reopens=reopens,
    )


# --- the ticket follows its return ----------------------------------------------------------------

_TICKET_STATES = (
    _state("matter", "request", "new", "request"),
    _state("matter", "decision", "open", "decision"),
    _state("matter", "goods", "waiting", "goods", pauses=True),
    _state("matter", "inspection", "open", "goods"),
    _state("matter", "settlement", "open", "settlement"),
    _state("matter", "arrival", "waiting", "settlement", pauses=True),
    _state("matter", "done", "closed", "done"),
    _state("matter", "asked_again", "open", "done"),
)
_FOLLOWS = ("request", "decision", "goods", "inspection", "settlement", "arrival", "done")
TICKET_FLOW = Workflow(
    name=TICKET,
    title="retail.workflow.return",
    initial="request",
    states=_TICKET_STATES,
    transitions=(
        *(
            _way(
                f"to_{target}",
                " ".join(s.name for s in _TICKET_STATES if s.name != target),
                target,
                group="follow",
                kinds=SYSTEM_ALONE,
            )
            for target in _FOLLOWS
        ),
        _way(
            "ask_again", "done", "asked_again", permission="ticket:write",
            kinds=("contact", "user"), reopens=True,
        ),
        _way("settle_again", "asked_again", "done", permission="ticket:write", kinds=("user",)),
    ),
    stages=tuple(
        Stage(name, f"retail.stage.{name}")
        for name in ("request", "decision", "goods", "settlement", "done")
    ),
)  # fmt: skip

MATTER_OF = {
    "requested": "request",
    "pending_approval": "decision",
    "auto_approved": "decision",
    "approved": "goods",
    "label_issued": "goods",
    "in_transit": "goods",
    "desk_handed_in": "inspection",
    "received": "inspection",
    "inspecting": "inspection",
    "passed": "settlement",
    "partial": "settlement",
    "failed": "inspection",
    "refund_pending": "settlement",
    "refunded": "arrival",
    "repair": "settlement",
}
"""Where the ticket stands while its return stands there; every other state is the end."""

# --- the return, ST-R ---------------------------------------------------------------------------

_RMA_STATES = (
    _state("rma", "requested", "new", "request"),
    _state("rma", "pending_approval", "open", "decision"),
    _state("rma", "auto_approved", "open", "decision"),
    _state("rma", "approved", "open", "decision"),
    _state("rma", "declined", "closed", "decision"),
    _state("rma", "label_issued", "waiting", "goods"),
    _state("rma", "in_transit", "waiting", "goods"),
    _state("rma", "desk_handed_in", "open", "goods"),
    _state("rma", "received", "open", "goods"),
    _state("rma", "inspecting", "open", "goods"),
    _state("rma", "passed", "open", "settlement"),
    _state("rma", "partial", "open", "settlement"),
    _state("rma", "failed", "open", "settlement"),
    _state("rma", "returned_to_customer", "closed", "settlement"),
    _state("rma", "refund_pending", "open", "settlement"),
    _state("rma", "refunded", "waiting", "settlement"),
    _state("rma", "exchanged", "resolved", "settlement"),
    _state("rma", "store_credit", "resolved", "settlement"),
    _state("rma", "repair", "open", "settlement"),
    _state("rma", "closed", "closed", "done"),
    _state("rma", "cancelled", "closed", "done"),
    _state("rma", "expired", "closed", "done"),
)
_CLEARED = "approved auto_approved"
RMA_FLOW = Workflow(
    name=RMA,
    title="retail.workflow.rma",
    initial="requested",
    states=_RMA_STATES,
    transitions=(
        _way("verify", "requested", "pending_approval", form="verification"),
        _way("auto_approve", "requested", "auto_approved", kinds=SYSTEM_ALONE, guards="eligible"),
        _way(
            "approve", "pending_approval", "approved", form="approval", permission=APPROVE,
            kinds=("user", "app"), guards="not_own_case eligible",
        ),
        _way(
            "decline", "pending_approval", "declined", form="refusal", permission=APPROVE,
            kinds=("user", "app"), guards="not_own_case",
        ),
        _way("issue_label", _CLEARED, "label_issued"),
        _way("ship", "label_issued", "in_transit", form="parcel", kinds=ANYBODY),
        _way("hand_in", f"{_CLEARED} label_issued", "desk_handed_in"),
        _way("receive", "desk_handed_in in_transit label_issued", "received"),
        _way("begin_inspection", "received", "inspecting"),
        _way("pass", "inspecting", "passed", form="inspection"),
        _way("pass_partly", "inspecting", "partial", form="partial_inspection"),
        _way("fail", "inspecting", "failed", form="failed_inspection"),
        _way("return_to_customer", "failed", "returned_to_customer", form="giving_back"),
        _way("settle", "passed partial", "refund_pending", guards="is_return"),
        _way("exchange", "passed partial", "exchanged", form="exchange", guards="is_exchange"),
        _way("give_credit", "passed partial", "store_credit", guards="is_credit"),
        _way("send_to_repair", "passed partial", "repair", form="repair", guards="is_repair"),
        _way("refund_sent", "refund_pending", "refunded", kinds=SYSTEM_ALONE),
        _way("refund_failed", "refunded", "refund_pending", kinds=SYSTEM_ALONE),
        _way("close", "refunded exchanged store_credit repair", "closed", guards="nothing_owed"),
        _way(
            "cancel", f"requested pending_approval {_CLEARED} label_issued", "cancelled",
            kinds=ANYBODY,
        ),
        _way("expire", f"{_CLEARED} label_issued", "expired", kinds=SYSTEM_ALONE),
    ),
    stages=tuple(
        Stage(name, f"retail.stage.{name}")
        for name in ("request", "decision", "goods", "settlement", "done")
    ),
)  # fmt: skip
OPEN_STATES = tuple(s.name for s in _RMA_STATES if s.status not in {"closed", "resolved"})
ENDED_WITHOUT = ("declined", "cancelled", "expired", "returned_to_customer")
"""Ends after which the goods may be asked back again."""

# --- one refund ---------------------------------------------------------------------------------

REFUND_FLOW = Workflow(
    name=REFUND,
    title="retail.workflow.refund",
    initial="created",
    states=(
        _state("refund", "created", "open"),
        _state("refund", "approved", "open"),
        _state("refund", "executing", "open"),
        _state("refund", "sent", "waiting"),
        _state("refund", "arrived", "closed"),
        _state("refund", "failed", "open"),
    ),
    transitions=(
        _way(
            "approve_refund", "created", "approved", permission=APPROVE, kinds=("user", "app"),
            guards="not_own_refund",
        ),
        _way(
            "grant_exception", "created approved", "approved", form="exception",
            permission=EXCEPTION, kinds=("user",), guards="not_own_refund",
        ),
        _way(
            "record_slip", "approved", "executing", form="slip", permission=EXECUTE,
            guards="by_bank same_card slip_signed",
        ),
        _way(
            "post", "approved executing", "sent", form="posting", permission=EXECUTE,
            guards="unionpay_first same_card",
        ),
        _way("arrive", "sent", "arrived", permission=EXECUTE),
        _way("fail_refund", "sent", "failed", form="failure", permission=EXECUTE),
        _way("try_again", "failed", "approved", permission=EXECUTE),
    ),
)  # fmt: skip

# --- the way to a card --------------------------------------------------------------------------

APPLICATION_FLOW = Workflow(
    name=APPLICATION,
    title="retail.workflow.application",
    initial="draft",
    states=(
        _state("application", "draft", "new"),
        _state("application", "checked", "open"),
        _state("application", "pending_completion", "waiting"),
        _state("application", "approved", "open"),
        _state("application", "issued", "closed"),
        _state("application", "refused", "closed"),
    ),
    transitions=(
        _way(
            "check", "draft", "checked", permission=MEMBER_WRITE,
            guards="identity_known application_signed",
        ),
        _way(
            "set_aside", "draft", "pending_completion", permission=MEMBER_WRITE,
            guards="applicant_present household_free application_signed",
        ),
        _way(
            "complete", "pending_completion", "checked", form="identity", permission=MEMBER_WRITE
        ),
        _way(
            "approve_application", "checked", "approved", permission=MEMBER_WRITE,
            guards="household_free",
        ),
        _way(
            "override", "checked", "approved", form="override", permission=MEMBER_APPROVE,
            kinds=("user",), guards="not_own_application",
        ),
        _way("issue", "approved", "issued", permission=MEMBER_WRITE),
        _way(
            "refuse", "draft checked", "refused", form="application_refusal",
            permission=MEMBER_WRITE,
        ),
    ),
)  # fmt: skip
WORKFLOWS = [TICKET_FLOW, RMA_FLOW, REFUND_FLOW, APPLICATION_FLOW]
