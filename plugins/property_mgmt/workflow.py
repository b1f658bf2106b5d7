"""Two ways: ST-W for a work order (industries §3.1), and the repair ticket that follows its work order."""

from __future__ import annotations

from core.sdk import Stage, State, Transition, Workflow

NAME = "property_mgmt.work_order"
REPAIR = "property_mgmt.repair"
READ = "property_mgmt.work_order:read"
WRITE = "property_mgmt.work_order:write"
APPROVE = "property_mgmt.work_order:approve"
APPROVE_ABOVE = "property_mgmt.work_order:approve_above"

FINISHED = ("rejected", "closed", "cancelled")
BY_CONTRACTOR = ("accept", "decline", "arrive", "start", "wait_parts", "resume", "finish")
BY_RESIDENT = ("sign", "rate", "reopen")
BY_CLOCK = ("auto_verify", "auto_close")

_STAGES = ("report", "arrange", "work", "confirm")
_ORDER_STATES = (
    # state, status, stage
    "reported new report",
    "triaged open report",
    "rejected closed report",
    "quoted open arrange",
    "approved open arrange",
    "dispatched open arrange",
    "open_for_grab open arrange",
    "accepted open arrange",
    "on_site open work",
    "working open work",
    "waiting_parts waiting work",
    "done waiting confirm",
    "verified resolved confirm",
    "rated resolved confirm",
    "reopened open report",
    "closed closed confirm",
    "cancelled closed confirm",
)


def _stages(group: str) -> tuple[Stage, ...]:
    return tuple(Stage(name, f"property_mgmt.{group}.{name}") for name in _STAGES)


def _states(group: str, told: tuple[str, ...]) -> tuple[State, ...]:
    split = [line.split() for line in told]
    return tuple(
        State(name, f"property_mgmt.{group}.{name}", status, stage, status == "waiting")  # type: ignore[arg-type]
        for name, status, stage in split
    )


def _way(
    name: str, sources: str, target: str, *, form: str = "", guards: str = "", permission: str = WRITE,
    kinds: tuple[str, ...] = ("user", "app", "system"), reopens: bool = False,
) -> Transition:  # fmt: skip
    return Transition(
        name=name,
        title=f"property_mgmt.move.{name}",
        sources=tuple(sources.split()),
        target=target,
        permission=permission,
        actor_kinds=kinds,
        guards=tuple(f"property_mgmt.{guard}" for guard in guards.split()),
        form=f"property_mgmt.{form}" if form else "",
        reopens=reopens,
    )


OUTSIDE = ("contact", "user", "app", "system")
CUSTOMER = ("contact",)

ST_W = Workflow(
    NAME,
    "property_mgmt.workflow.work_order",
    initial="reported",
    states=_states("order_state", _ORDER_STATES),
    transitions=(
        _way("triage", "reported reopened", "triaged", form="triage"),
        _way("reject", "triaged", "rejected", form="reason_told"),
        _way("quote", "triaged", "quoted", form="quote"),
        _way("approve", "quoted", "approved", form="approval", guards="within_limit", permission=APPROVE),
        _way("return_quote", "quoted", "triaged", form="reason", permission=APPROVE),
        _way("dispatch", "triaged approved", "dispatched", form="dispatch", guards="takes_work"),
        _way("offer", "triaged approved", "open_for_grab", guards="somebody_to_offer"),
        _way("recall", "dispatched open_for_grab accepted", "triaged", form="reason"),
        _way("accept", "dispatched open_for_grab", "accepted", kinds=OUTSIDE),
        _way("decline", "dispatched", "triaged", form="reason", kinds=OUTSIDE),
        _way("arrive", "accepted", "on_site", kinds=OUTSIDE),
        _way("start", "on_site", "working", kinds=OUTSIDE),
        _way("wait_parts", "working", "waiting_parts", form="wait_parts", kinds=OUTSIDE),
        _way("resume", "waiting_parts", "working", kinds=OUTSIDE),
        _way("finish", "working", "done", form="finish", guards="photo_taken", kinds=OUTSIDE),
        _way("sign", "done", "verified", form="sign", kinds=CUSTOMER),
        _way("verify", "done", "verified", form="verify", kinds=("user", "app")),
        _way("auto_verify", "done", "verified", guards="silent_long_enough", kinds=("system",)),
        _way("rate", "verified", "rated", form="rating", kinds=("contact", "user", "app", "system")),
        _way("close", "verified rated", "closed"),
        _way("auto_close", "verified rated", "closed", kinds=("system",)),
        _way(
            "reopen", "done verified rated closed", "reopened",
            form="reopen", guards="may_reopen", kinds=OUTSIDE, reopens=True,
        ),
        _way(
            "cancel", "reported triaged quoted approved dispatched open_for_grab accepted reopened",
            "cancelled", form="reason_told",
        ),
    ),
    stages=_stages("stage"),
)  # fmt: skip

_TICKET_STATES = (
    "received new report",
    "arranging open arrange",
    "working open work",
    "to_confirm waiting confirm",
    "done resolved confirm",
    "closed closed confirm",
    "refused closed confirm",
    "cancelled closed confirm",
)
TICKET_STATE = {
    "reported": "received",
    **dict.fromkeys(
        ("triaged", "quoted", "approved", "dispatched", "open_for_grab", "accepted", "reopened"),
        "arranging",
    ),
    **dict.fromkeys(("on_site", "working", "waiting_parts"), "working"),
    "done": "to_confirm",
    **dict.fromkeys(("verified", "rated"), "done"),
    "closed": "closed",
    "rejected": "refused",
    "cancelled": "cancelled",
}
"""Where a repair ticket stands by the state of its newest work order."""


def _follow(target: str) -> Transition:
    """The ticket goes where its work order is: by the system alone, so that the two never part."""
    sources = " ".join(state.split()[0] for state in _TICKET_STATES if not state.startswith(target))
    return _way(f"to_{target}", sources, target, kinds=("system",), permission="ticket:write")


REPAIR_WAY = Workflow(
    REPAIR,
    "property_mgmt.workflow.repair",
    initial="received",
    states=_states("ticket_state", _TICKET_STATES),
    transitions=tuple(
        _follow(line.split()[0]) for line in _TICKET_STATES if not line.startswith("received")
    ),
    stages=_stages("stage"),
)
WORKFLOWS = [ST_W, REPAIR_WAY]
