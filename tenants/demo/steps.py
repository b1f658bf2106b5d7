"""The steps of the demonstration, each carried out through the services by whoever would do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from core.host import attachments, tickets
from tenants.demo import answers
from tenants.demo.people import speaks_as
from tenants.demo.pictures import photograph
from tenants.demo.plan import SEED
from tenants.demo.stories import AGENT, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from core.host import Actor, Ticket
    from tenants.demo.people import Customer, House
    from tenants.demo.plan import Matter, Step

COMPLAINT = "complaints.complaint"
TYPES = {"consultation": "question", "problem": "problem", "service": "request"}
PRIORITIES = {1: "critical", 2: "urgent"}
WATCHED = 4


@dataclass
class Case:
    """One ticket on its way: its part of the plan, who works on it, and what was said how often."""

    house: House
    matter: Matter
    siblings: dict[int, Ticket]
    chance: Random
    story: dict[str, Any] = field(default_factory=dict)
    said: dict[str, int] = field(default_factory=dict)

    @property
    def agent(self) -> Actor:
        """Who works on it."""
        return self.house.agents[self.house.desk_of(self.matter.story)]

    @property
    def supervisor(self) -> Actor:
        """Who looks over the agent's shoulder."""
        return self.house.supervisors[self.matter.index % len(self.house.supervisors)]

    @property
    def customer(self) -> Customer:
        """Who brought it."""
        return self.house.customers[self.matter.customer]

    @property
    def ticket(self) -> Ticket:
        """The ticket, once it is open: the session's own row, so its version is always the latest."""
        return self.siblings[self.matter.index]

    @property
    def ticket_id(self) -> UUID:
        """Its id."""
        return self.ticket.id

    @cached_property
    def speaker(self) -> Actor:
        """The customer at his ticket."""
        return speaks_as(self.customer, self.ticket_id)

    def turn(self, word: str) -> int:
        """How often `word` came before, counting this time."""
        self.said[word] = self.said.get(word, 0) + 1
        return self.said[word] - 1

    def phrase(self, name: str, **words: str) -> str:
        """One of the company's phrases of that name, a different one at each ticket."""
        offered = self.house.told.phrases[name]
        text = offered[(self.matter.index + self.turn(name)) % len(offered)]
        return str(fill(text, words))


def case_of(house: House, matter: Matter, siblings: dict[int, Ticket]) -> Case:
    """A case that has not begun."""
    chance = Random(f"{SEED}-{house.told.slug}-{matter.index}-words")  # noqa: S311  words, no secret
    case = Case(house, matter, siblings, chance)
    case.story = fill(matter.story, {AGENT: case.agent.name})
    return case


def carry_out(case: Case, step: Step) -> None:
    """Do what the step says, at the virtual clock's time."""
    special = _STEPS.get(step.verb)
    if special:
        special(case)
        return
    actor = _mover(case, step.verb)
    given = answers.answers_for(case, step.verb, actor)
    tickets.move_ticket(
        case.ticket_id,
        _MOVES.get(step.verb, step.verb),
        given,
        actor=actor,
        version=case.ticket.version,
    )


_MOVES = {"resolve_again": "resolve"}
_BY_CUSTOMER = {
    "accept_plan", "decline_plan", "confirm_result", "dispute_result", "appeal", "withdraw", "reopen",
}  # fmt: skip
_BY_SUPERVISOR = {"approve_plan", "return_plan", "return_to_investigation"}
_BY_MANAGER = {"grant_appeal", "dismiss_appeal", "refer", "close_final"}


def _mover(case: Case, verb: str) -> Actor:
    if verb in _BY_CUSTOMER:
        return case.speaker
    if verb in _BY_SUPERVISOR:
        return case.supervisor
    if verb in _BY_MANAGER:
        return case.house.manager
    return case.house.follower if verb == "follow_up" else case.agent


# --- opening --------------------------------------------------------------------------------------


def _open(case: Case) -> None:
    story, by_himself = case.story, case.story["channel"] == "web"
    actor = speaks_as(case.customer) if by_himself else case.agent
    pictures = [_upload(case, actor)] if _is_pictured(case) else []
    new = tickets.NewTicket(
        type=COMPLAINT if case.matter.complaint else TYPES[story["class"]],
        subject=story["subject"],
        description=story["body"],
        contact_id=case.customer.id,
        organisation_id=case.customer.organisation_id,
        channel=story["channel"],
        priority=story.get("priority") or PRIORITIES.get(story["grade"], "normal"),
        category=story["category"],
        team_id=case.house.teams[case.house.desk_of(story)],
        tags=tuple(story["tags"]),
        form=answers.intake(case),
        language=case.house.told.locale,
        attachment_ids=tuple(pictures),
    )
    case.siblings[case.matter.index] = tickets.open_ticket(new, actor=actor)


def _is_pictured(case: Case) -> bool:
    return case.matter.complaint and case.matter.index % answers.PICTURED == 0


def _upload(case: Case, actor: Actor) -> UUID:
    name, content = photograph(case.matter.index * 2)
    return attachments.store_upload(content, name, actor=actor).id


# --- talk -----------------------------------------------------------------------------------------


def _say(case: Case, actor: Actor, words: str, **more: Any) -> None:
    tickets.post_message(case.ticket_id, words, actor=actor, **more)


def _reply(case: Case) -> None:
    _say(case, case.agent, case.story["reply"])


def _answer(case: Case) -> None:
    _say(case, case.speaker, case.story["answer"])
    if case.story.get("reply2"):
        _say(case, case.agent, case.story["reply2"])


def _note(case: Case) -> None:
    _say(case, case.agent, case.story["note"], visibility="internal")
    if case.matter.index % WATCHED == 0:
        tickets.watch(case.ticket_id, actor=case.supervisor)


def _measure(case: Case, word: str) -> dict[str, Any]:
    measures = case.story["measures"]
    found: dict[str, Any] = measures[case.turn(word) % len(measures)]
    return found


def _done(case: Case) -> None:
    measure = _measure(case, "measure")
    words = case.phrase("done", step=measure["measure"], owner=measure["owner"])
    _say(case, case.agent, words, visibility="internal")


def _progress(case: Case) -> None:
    step = _measure(case, "step")["measure"]
    _say(case, case.agent, case.phrase("progress", step=step, days=str(case.chance.randint(1, 3))))


def _work_done(case: Case) -> None:
    words = case.phrase("work_done")
    tickets.report_work(case.ticket_id, words, actor=case.supervisor, purpose="work_done")


def _tell_desk(case: Case) -> None:
    words = case.phrase(
        "done", step=case.story["measures"][-1]["measure"], owner=case.supervisor.name
    )
    tickets.report_work(case.ticket_id, words, actor=case.supervisor, purpose="result")


def _ask_confirmation(case: Case) -> None:
    _say(case, case.agent, case.phrase("ask_confirmation"))


def _tell_result(case: Case) -> None:
    _say(case, case.agent, case.phrase("told_result", result=case.story["result"]))


def _wait_customer(case: Case) -> None:
    _say(case, case.agent, case.phrase("wait_customer"))
    _move(case, "wait_customer")


def _wait_third_party(case: Case) -> None:
    _say(case, case.agent, case.phrase("wait_third_party"))
    _move(case, "wait_third_party")


def _customer_back(case: Case) -> None:
    _say(case, case.speaker, case.phrase("customer_back"))


def _move(case: Case, name: str) -> None:
    tickets.move_ticket(case.ticket_id, name, {}, actor=case.agent, version=case.ticket.version)


def _reopen(case: Case) -> None:
    """The customer's word alone wakes what was thought solved; a closed matter he reopens himself."""
    if case.ticket.status == "closed":
        actor = case.speaker
        tickets.move_ticket(case.ticket_id, "reopen", {}, actor=actor, version=case.ticket.version)
    _say(case, case.speaker, case.phrase("reopen"))


def _close_no_reply(case: Case) -> None:
    _say(case, case.agent, case.phrase("silent"), visibility="internal")
    _move(case, "close_no_reply")


# --- who has it -----------------------------------------------------------------------------------


def _assign(case: Case) -> None:
    given = case.supervisor
    tickets.assign(case.ticket_id, case.agent.id, actor=given, version=case.ticket.version)


def _accept(case: Case) -> None:
    tickets.accept(case.ticket_id, actor=case.agent, version=case.ticket.version)


def _decline(case: Case) -> None:
    tickets.decline(
        case.ticket_id, case.story["note"], actor=case.agent, version=case.ticket.version
    )


def _hand_over(case: Case) -> None:
    slip = answers.slip(case)
    tickets.hand_over(case.ticket_id, slip, actor=case.agent, version=case.ticket.version)


def _accept_handover(case: Case) -> None:
    head = case.house.supervisors[-1]
    tickets.accept_handover(case.ticket_id, actor=head, version=case.ticket.version)


def _take_back(case: Case) -> None:
    head, result = (
        case.house.supervisors[-1],
        case.phrase("handover_result", result=case.story["result"]),
    )
    tickets.take_back(case.ticket_id, result, actor=head, version=case.ticket.version)


def _merge(case: Case) -> None:
    if case.matter.parent is None:
        return
    parent = case.siblings[case.matter.parent].id
    tickets.merge(case.ticket_id, parent, actor=case.agent, version=case.ticket.version)


_STEPS: dict[str, Callable[[Case], None]] = {
    "open": _open,
    "assign": _assign,
    "accept": _accept,
    "decline": _decline,
    "reply": _reply,
    "answer": _answer,
    "note": _note,
    "done": _done,
    "progress": _progress,
    "work_done": _work_done,
    "tell_desk": _tell_desk,
    "ask_confirmation": _ask_confirmation,
    "wait_customer": _wait_customer,
    "wait_third_party": _wait_third_party,
    "customer_back": _customer_back,
    "reopen": _reopen,
    "close_no_reply": _close_no_reply,
    "hand_over": _hand_over,
    "accept_handover": _accept_handover,
    "take_back": _take_back,
    "tell_result": _tell_result,
    "merge": _merge,
}
