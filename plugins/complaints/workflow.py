"""The complaint's way, ST-C of standards §2.1: stages, states and who moves it how."""

from __future__ import annotations

from core.sdk import Stage, State, Transition, Workflow

NAME = "complaints.complaint"
APPROVE = "complaints.plan:approve"
DECIDE_APPEAL = "complaints.appeal:decide"
INTERNAL = "complaints.register:internal"
CUSTOMER = ("contact", "user")

STAGES = tuple(
    Stage(name, f"complaints.stage.{name}")
    for name in ("intake", "judgement", "investigation", "plan", "implementation", "follow_up")
)


def _state(name: str, status: str, stage: str, *, pauses: bool = False) -> State:
    return State(name, f"complaints.state.{name}", status, stage, pauses)  # type: ignore[arg-type]


STATES = (
    _state("received", "new", "intake"),
    _state("acknowledged", "open", "intake"),
    _state("assessed", "open", "judgement"),
    _state("not_upheld", "resolved", "judgement"),
    _state("appealed", "open", "judgement"),
    _state("final_decision", "resolved", "judgement"),
    _state("investigating", "open", "investigation"),
    _state("planning", "open", "plan"),
    _state("plan_proposed", "open", "plan"),
    _state("plan_approved", "waiting", "plan", pauses=True),
    _state("accepted", "open", "implementation"),
    _state("implementing", "open", "implementation"),
    _state("awaiting_confirmation", "waiting", "implementation", pauses=True),
    _state("confirmed", "resolved", "follow_up"),
    _state("followed_up", "resolved", "follow_up"),
    _state("closed", "closed", "follow_up"),
    _state("closed_no_reply", "closed", "follow_up"),
    _state("external", "closed", "follow_up"),
)


def _way(
    name: str, sources: str, target: str, *, form: str = "", guards: str = "", permission: str = "ticket:write",
    kinds: tuple[str, ...] = ("user", "app", "system"), reopens: bool = False,
) -> Transition:  # fmt: skip
    return Transition(
        name=name,
        title=f"complaints.move.{name}",
        sources=tuple(sources.split()),
        target=target,
        permission=permission,
        actor_kinds=kinds,
        guards=tuple(f"complaints.{guard}" for guard in guards.split()),
        form=f"complaints.{form}" if form else "",
        reopens=reopens,
    )


TRANSITIONS = (
    _way("acknowledge", "received", "acknowledged"),
    _way("assess", "acknowledged", "assessed", form="assessment", guards="impartial"),
    _way("uphold", "assessed", "investigating", form="judgement", guards="impartial"),
    _way("reject", "assessed", "not_upheld", form="rejection", guards="impartial"),
    _way("conclude", "investigating", "planning", form="investigation", guards="impartial"),
    _way("propose_plan", "planning", "plan_proposed", form="plan"),
    _way("reinvestigate", "planning", "investigating"),
    _way(
        "approve_plan", "plan_proposed", "plan_approved",
        form="approval", guards="not_the_author impartial", permission=APPROVE, kinds=("user",),
    ),
    _way(
        "return_plan", "plan_proposed", "planning",
        form="return", guards="impartial", permission=APPROVE, kinds=("user",),
    ),
    _way(
        "return_to_investigation", "plan_proposed", "investigating",
        form="return", guards="impartial", permission=APPROVE, kinds=("user",),
    ),
    _way("accept_plan", "plan_approved", "accepted", form="acceptance", kinds=CUSTOMER),
    _way("decline_plan", "plan_approved", "planning", form="refusal", kinds=CUSTOMER),
    _way("start", "accepted", "implementing"),
    _way("report_result", "implementing", "awaiting_confirmation", form="result"),
    _way("confirm_result", "awaiting_confirmation", "confirmed", form="confirmation", kinds=CUSTOMER),
    _way("dispute_result", "awaiting_confirmation", "implementing", form="dispute", kinds=CUSTOMER),
    _way("follow_up", "confirmed not_upheld final_decision", "followed_up", form="follow_up"),
    _way("close", "followed_up", "closed", guards="cause_named followed_up appeal_over"),
    _way("close_not_upheld", "not_upheld", "closed", guards="cause_named appeal_over"),
    _way(
        "close_no_reply", "awaiting_confirmation", "closed_no_reply",
        guards="cause_named silent", kinds=("user", "system"),
    ),
    _way(
        "appeal", "not_upheld closed", "appealed",
        form="appeal", guards="may_appeal", kinds=CUSTOMER, reopens=True,
    ),
    _way(
        "grant_appeal", "appealed", "investigating",
        form="appeal_decision", guards="another_reviewer impartial", permission=DECIDE_APPEAL, kinds=("user",),
    ),
    _way(
        "dismiss_appeal", "appealed", "final_decision",
        form="appeal_decision", guards="another_reviewer impartial", permission=DECIDE_APPEAL, kinds=("user",),
    ),
    _way("refer", "final_decision", "external"),
    _way("close_final", "final_decision", "closed", guards="cause_named"),
)  # fmt: skip

WORKFLOW = Workflow(
    NAME,
    "complaints.workflow",
    initial="received",
    states=STATES,
    transitions=TRANSITIONS,
    stages=STAGES,
)
