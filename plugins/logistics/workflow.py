"""The two ways of the plugin: an order's (ST-O) and that of an exception's ticket (industries §3.3)."""

from __future__ import annotations

from core.sdk import Stage, State, Transition, Workflow

ORDER, EXCEPTION = "logistics.order", "logistics.exception"
READ_ORDERS, WRITE_ORDERS = "logistics.order:read", "logistics.order:write"
APPROVE_ORDERS = "logistics.order:approve"
READ_SHIPMENTS, WRITE_SHIPMENTS = "logistics.shipment:read", "logistics.shipment:write"
READ_CARRIERS, WRITE_CARRIERS = "logistics.carrier:read", "logistics.carrier:write"

ORDER_STAGES = tuple(
    Stage(name, f"logistics.order_stage.{name}") for name in ("taking", "pickup", "way", "end")
)
EXCEPTION_STAGES = tuple(
    Stage(name, f"logistics.exception_stage.{name}") for name in ("found", "tracing", "told", "end")
)


def _order_state(name: str, status: str, stage: str) -> State:
    return State(name, f"logistics.order_state.{name}", status, stage)  # type: ignore[arg-type]


def _case_state(name: str, status: str, stage: str, *, pauses: bool = False) -> State:
    return State(name, f"logistics.exception_state.{name}", status, stage, pauses)  # type: ignore[arg-type]


def _order_way(
    name: str, sources: str, target: str, *, form: str = "", guards: tuple[str, ...] = (),
    permission: str = WRITE_ORDERS, kinds: tuple[str, ...] = ("user", "app", "system"),
) -> Transition:  # fmt: skip
    return Transition(
        name=name,
        title=f"logistics.order_move.{name}",
        sources=tuple(sources.split()),
        target=target,
        permission=permission,
        form=f"logistics.{form}" if form else "",
        guards=guards,
        actor_kinds=kinds,
    )


def _case_way(
    name: str, sources: str, target: str, *, form: str = "", event: str = "",
    kinds: tuple[str, ...] = ("user", "app", "system"), reopens: bool = False,
) -> Transition:  # fmt: skip
    return Transition(
        name=name,
        title=f"logistics.exception_move.{name}",
        sources=tuple(sources.split()),
        target=target,
        actor_kinds=kinds,
        form=f"logistics.{form}" if form else "",
        event=event,
        reopens=reopens,
    )


_PARCEL, _BEFORE = ("system",), "confirmed dispatched_to_salesman failed_pickup"
ORDER_WAY = Workflow(
    ORDER,
    "logistics.order.workflow",
    initial="draft",
    stages=ORDER_STAGES,
    states=(
        _order_state("draft", "new", "taking"),
        _order_state("submitted", "open", "taking"),
        _order_state("confirmed", "open", "pickup"),
        _order_state("dispatched_to_salesman", "open", "pickup"),
        _order_state("failed_pickup", "waiting", "pickup"),
        _order_state("picked_up", "open", "way"),
        _order_state("in_network", "open", "way"),
        _order_state("completed", "closed", "end"),
        _order_state("cancelled", "closed", "end"),
    ),
    transitions=(
        _order_way("submit", "draft", "submitted"),
        _order_way("pay", "submitted", "submitted"),
        _order_way("waive", "submitted", "submitted", form="waiver", permission=APPROVE_ORDERS),
        _order_way("confirm", "submitted", "confirmed", guards=("logistics.paid",)),
        _order_way("dispatch", "confirmed failed_pickup", "dispatched_to_salesman", form="dispatch"),
        _order_way("fail_pickup", "dispatched_to_salesman", "failed_pickup", form="reason"),
        _order_way(
            # What the parcel does takes the order along, and nobody else says so.
            "pick_up", _BEFORE, "picked_up", kinds=_PARCEL,
        ),
        _order_way("enter_network", f"{_BEFORE} picked_up", "in_network", kinds=_PARCEL),
        _order_way("complete", f"{_BEFORE} picked_up in_network", "completed", kinds=_PARCEL),
        _order_way(
            "cancel", "draft submitted confirmed dispatched_to_salesman failed_pickup", "cancelled",
            form="reason",
        ),
    ),
)  # fmt: skip

_AT_WORK = "detected owned carrier_contacted customer_told"
CASE_WAY = Workflow(
    EXCEPTION,
    "logistics.exception.workflow",
    initial="detected",
    stages=EXCEPTION_STAGES,
    states=(
        _case_state("detected", "new", "found"),
        _case_state("owned", "open", "tracing"),
        _case_state("carrier_contacted", "open", "tracing"),
        _case_state("customer_told", "open", "told"),
        _case_state("awaiting_customer", "waiting", "told", pauses=True),
        _case_state("resolved", "resolved", "end"),
        _case_state("closed", "closed", "end"),
    ),
    transitions=(
        _case_way("open", "detected", "owned"),
        _case_way(
            "contact_carrier", "detected owned customer_told", "carrier_contacted",
            form="carrier_contact", event="logistics.carrier.contacted",
        ),
        _case_way("tell_customer", "owned carrier_contacted", "customer_told", form="telling"),
        _case_way("ask_customer", "owned carrier_contacted customer_told", "awaiting_customer", form="telling"),
        _case_way("resume", "awaiting_customer", "owned"),
        _case_way("resolve", f"{_AT_WORK} awaiting_customer", "resolved", form="resolution"),
        # Only the system sees that the parcel moves again; it needs no words for that.
        _case_way("recover", f"{_AT_WORK} awaiting_customer", "resolved", kinds=("system",)),
        _case_way("close", "resolved", "closed"),
        _case_way("reopen", "resolved", "owned", kinds=("user", "contact", "system"), reopens=True),
    ),
)  # fmt: skip
