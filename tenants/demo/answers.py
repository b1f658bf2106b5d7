"""The answers of the demonstration to every form that its tickets meet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.host import attachments, now
from tenants.demo.pictures import photograph

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.host import Actor
    from tenants.demo.steps import Case

GRADES = {1: "critical", 2: "serious", 3: "general", 4: "minor"}
LEVELS = {1: "high", 2: "high", 3: "medium", 4: "low"}
WAYS = {"phone": "phone", "chat": "messenger", "visit": "on_site", "mail": "mail", "web": "phone"}
FOLLOW_UPS = {
    "phone": "phone",
    "chat": "messenger",
    "visit": "visit",
    "mail": "survey",
    "web": "survey",
}
PICTURED = 8
NO_ANSWERS: dict[str, Any] = {}


def answers_for(case: Case, verb: str, actor: Actor) -> dict[str, Any]:
    """What `actor` answers to the form of the step."""
    asked = _ANSWERS.get(verb)
    return asked(case, actor) if asked else NO_ANSWERS


def intake(case: Case) -> dict[str, Any]:
    """The intake form of the ticket's type."""
    story = case.story
    if not case.matter.complaint:
        return _ORDINARY[story["class"]](story)
    given = {
        "description": story["body"],
        "wishes": story["demand"],
        "happened_at": (now() - timedelta(hours=case.chance.randint(2, 40))).isoformat(),
        "name": case.customer.name,
        "phone": case.customer.phone,
        "mail": case.customer.mail,
    }
    return given | ({"location": story["place"]} if story["place"] else {})


_ORDINARY: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "consultation": lambda _story: {"topic": "usage"},
    "problem": lambda _story: {},
    "service": lambda _story: {"kind": "other"},
}


def slip(case: Case) -> dict[str, Any]:
    """The slip that hands the work to the story's department."""
    told, code = case.house.told, _department(case)
    name = next(row["name"] for row in told.about["departments"] if row["code"] == code)
    return {
        "department": str(case.house.departments[code]),
        "reason": "expertise",
        "summary": case.phrase("handover_summary", subject=case.story["subject"]),
        "notice": case.phrase("handover_notice", department=name[told.locale]),
    }


def _department(case: Case) -> str:
    wanted = str(case.story["department"])
    others = [code for code in case.house.departments if code != "cs"]
    return wanted if wanted in others else others[0]


def _later(days: float) -> str:
    return (now() + timedelta(days=days)).isoformat()


def _assess(case: Case, _actor: Actor) -> dict[str, Any]:
    grade = case.story["grade"]
    urgent = grade == min(GRADES)
    given = {
        "grade": GRADES[grade],
        "safety": urgent,
        "complexity": LEVELS[min(grade + 1, 4)],
        "impact": LEVELS[grade],
        "immediate": urgent,
    }
    return given | ({"immediate_action": case.story["note"]} if urgent else {})


def _uphold(case: Case, _actor: Actor) -> dict[str, Any]:
    story = case.story
    partly = story["finding"] == "partly"
    given = {
        "finding": "partly" if partly else "founded",
        "reason_sufficient": True,
        "demand_reasonable": not partly,
        "grounds": story["grounds"],
        "department": str(case.house.departments[story["department"]]),
        "promised_at": _later(max(row["days"] for row in story["measures"])),
    }
    return given | ({"founded_parts": story["grounds"]} if partly else {})


def _reject(case: Case, _actor: Actor) -> dict[str, Any]:
    founded_later = "measures" in case.story
    return {
        "reason_sufficient": False,
        "demand_reasonable": False,
        "grounds": case.phrase("first_refusal") if founded_later else case.story["result"],
        "appeal_path": case.phrase("appeal_path"),
        "cause_group": "customer",
    }


def _conclude(case: Case, _actor: Actor) -> dict[str, Any]:
    story = case.story
    found = story["investigation"]
    given = {
        "facts": found["facts"],
        "facts_true": True,
        "purpose": found["purpose"],
        "reason_sound": True,
        "analysis": f"{found['reason']}\n{found['analysis']}",
        "demand_legitimate": story["finding"] == "founded",
        "cause_group": story["cause"],
        "cause": story["root_cause"],
    }
    return given | {"responsible": story.get("responsible") or case.agent.name}


def _propose_plan(case: Case, _actor: Actor) -> dict[str, Any]:
    story = case.story
    return {
        "root_cause": story["root_cause"],
        "measures": [
            {"measure": row["measure"], "responsible": row["owner"], "due_at": _later(row["days"])}
            for row in story["measures"]
        ],
        "contact_points": case.phrase("contact_points"),
        "expected_result": case.phrase("expected"),
    }


def _approve(case: Case, _actor: Actor) -> dict[str, Any]:
    return {"note": case.story["approval"]}


def _send_back(case: Case, _actor: Actor) -> dict[str, Any]:
    return {"note": case.phrase("return")}


def _customer_says(phrase: str) -> Callable[[Case, Actor], dict[str, Any]]:
    def say(case: Case, actor: Actor) -> dict[str, Any]:
        return _words(case, actor, case.phrase(phrase))

    return say


def _words(case: Case, actor: Actor, words: str) -> dict[str, Any]:
    """A customer's words; staff who pass them on say how they came."""
    given = {"words": words}
    return given if actor.kind == "contact" else given | {"given_by": WAYS[case.story["channel"]]}


def _result(case: Case, actor: Actor) -> dict[str, Any]:
    words, again = case.story["result"], case.turn("result")
    if again:
        words = case.phrase("again", result=words)
    given: dict[str, Any] = {"report": words, "done_at": now().isoformat()}
    if case.matter.index % PICTURED == 0:
        name, content = photograph(case.matter.index * 2 + 1 + again)
        stored = attachments.store_upload(content, name, actor=actor)
        given["pictures"] = [str(stored.id)]
    return given


def _confirm(case: Case, actor: Actor) -> dict[str, Any]:
    given = _words(case, actor, case.story["closing"])
    return given | {"signature": {"typed_name": case.customer.name}}


def _follow_up(case: Case, _actor: Actor) -> dict[str, Any]:
    story = case.story
    speed, effect, attitude = (str(score) for score in story["scores"])
    given = {
        "channel": FOLLOW_UPS[story["channel"]],
        "reached": True,
        "speed": speed,
        "effect": effect,
        "attitude": attitude,
        "words": story["comment"] or story["closing"],
    }
    low = min(story["scores"]) <= 3  # noqa: PLR2004  the middle of the scale
    return given | ({"improvement": case.phrase("improvement")} if low else {})


def _appeal(case: Case, actor: Actor) -> dict[str, Any]:
    return _words(case, actor, case.phrase("appeal"))


def _grant(case: Case, _actor: Actor) -> dict[str, Any]:
    return {"grounds": case.phrase("grant")}


def _dismiss(case: Case, _actor: Actor) -> dict[str, Any]:
    return {"grounds": case.phrase("dismiss")}


def _resolve(case: Case, _actor: Actor) -> dict[str, Any]:
    words = case.story["result"]
    if case.turn("result"):
        words = case.phrase("again", result=words)
    return {"solution": words, "feedback": case.phrase("feedback")}


def _cancel(case: Case, _actor: Actor) -> dict[str, Any]:
    return {"reason": "other", "remark": case.phrase("cancel")}


def _withdraw(case: Case, _actor: Actor) -> dict[str, Any]:
    return {"remark": case.phrase("withdraw")}


_ANSWERS: dict[str, Callable[[Case, Actor], dict[str, Any]]] = {
    "assess": _assess,
    "uphold": _uphold,
    "reject": _reject,
    "conclude": _conclude,
    "propose_plan": _propose_plan,
    "approve_plan": _approve,
    "return_plan": _send_back,
    "return_to_investigation": _send_back,
    "accept_plan": _customer_says("acceptance"),
    "decline_plan": _customer_says("refusal"),
    "report_result": _result,
    "confirm_result": _confirm,
    "dispute_result": _customer_says("dispute"),
    "follow_up": _follow_up,
    "appeal": _appeal,
    "grant_appeal": _grant,
    "dismiss_appeal": _dismiss,
    "resolve": _resolve,
    "resolve_again": _resolve,
    "cancel": _cancel,
    "withdraw": _withdraw,
}
