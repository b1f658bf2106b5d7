"""What ships: two calendars, the metrics of the rulebook, and its numbers as the default policy."""

from __future__ import annotations

from core.declarations import Calendar, CalendarDay, Escalation, Metric, SlaPolicy, Target, Trigger
from core.sla.calendar import ALWAYS

MINUTE, HOUR, DAY = 60, 3600, 86_400
OFFICE_HOURS = (("09:00", "12:00"), ("13:30", "18:00"))

# Days off and make-up days (调休) as the State Council announced them; for 2027, whose notice was
# not out, the statutory days. A tenant's edit of the calendar adds what comes later.
HOLIDAYS = {
    "new_year": "2026-01-01 2026-01-02 2026-01-03 2027-01-01",
    "spring_festival": (
        "2026-02-15 2026-02-16 2026-02-17 2026-02-18 2026-02-19 2026-02-20 2026-02-21 "
        "2026-02-22 2026-02-23 "
        "2027-02-05 2027-02-06 2027-02-07 2027-02-08 2027-02-09 2027-02-10"
    ),
    "qingming": "2026-04-04 2026-04-05 2026-04-06 2027-04-05",
    "labour_day": (
        "2026-05-01 2026-05-02 2026-05-03 2026-05-04 2026-05-05 "
        "2027-05-01 2027-05-02 2027-05-03 2027-05-04"
    ),
    "dragon_boat": "2026-06-19 2026-06-20 2026-06-21 2027-06-09",
    "mid_autumn": "2026-09-25 2026-09-26 2026-09-27 2027-09-15",
    "national_day": (
        "2026-10-01 2026-10-02 2026-10-03 2026-10-04 2026-10-05 2026-10-06 2026-10-07 "
        "2027-10-01 2027-10-02 2027-10-03 2027-10-04 2027-10-05"
    ),
}
MAKE_UP_DAYS = "2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"


def china_days() -> tuple[CalendarDay, ...]:
    """The holidays and make-up days in order of date."""
    off = [
        CalendarDay(day, f"core.holiday.{name}")
        for name, listed in HOLIDAYS.items()
        for day in listed.split()
    ]
    on = [CalendarDay(day, "core.holiday.make_up", OFFICE_HOURS) for day in MAKE_UP_DAYS.split()]
    return tuple(sorted(off + on, key=lambda day: day.date))


OFFICE = Calendar(
    "office", "core.calendar.office", hours=(OFFICE_HOURS,) * 5 + ((), ()), days=china_days()
)
CALENDARS = [ALWAYS, OFFICE]

BY_A_PERSON = {"field": "actor_kind", "is": "user"}
ANSWER = {
    "all": [
        BY_A_PERSON,
        {"field": "visibility", "is": "public"},
        {"field": "automatic", "is": False},
        {"field": "purpose", "not_in": ["description", "notice", "form"]},
    ]
}
PROGRESS = {"all": [BY_A_PERSON, {"field": "purpose", "not_in": ["description", "form"]}]}
WORK_DONE = {"field": "purpose", "is": "work_done"}
RESULT = {"field": "purpose", "is": "result"}
WITH_RESULT = {"field": "note_id", "empty": False}
ENDED = {"field": "status", "in": ["resolved", "closed"]}
GIVEN_UP = {"field": "to_state", "in": ["cancelled", "merged"]}
SOLVED = {"all": [ENDED, {"not": GIVEN_UP}]}
REOPENED = {"field": "reopened", "is": True}
LIVE_CHANNEL = {"field": "channel", "in": ["phone", "chat"]}

# Phone and chat waits come from a channel that reports them (`call.arrived`, `call.answered`,
# `chat.arrived`); where no channel does, their tickets have no response clock (model.md §8).
# A clock that ended with its ticket runs on by itself when the ticket is reopened.
METRICS = [
    Metric(
        "first_response",
        "core.metric.first_response",
        starts_on=(
            Trigger("ticket.opened", {"not": LIVE_CHANNEL}),
            Trigger("call.arrived"),
            Trigger("chat.arrived"),
        ),
        fulfilled_by=(Trigger("message.posted", ANSWER), Trigger("call.answered")),
        cancelled_by=(Trigger("ticket.moved", ENDED), Trigger("ticket.merged")),
    ),
    Metric(
        "acceptance",
        "core.metric.acceptance",
        starts_on=(Trigger("ticket.assigned"),),
        fulfilled_by=(Trigger("ticket.accepted"),),
        cancelled_by=(
            Trigger("ticket.assigned"),
            Trigger("ticket.unassigned"),
            Trigger("ticket.declined"),
            Trigger("ticket.moved", ENDED),
            Trigger("ticket.merged"),
        ),
    ),
    Metric(
        "progress",
        "core.metric.progress",
        starts_on=(Trigger("ticket.accepted"),),
        fulfilled_by=(Trigger("message.posted", PROGRESS),),
        cancelled_by=(
            Trigger("ticket.unassigned"),
            Trigger("ticket.moved", ENDED),
            Trigger("ticket.merged"),
        ),
        pauses=True,
        repeats=True,
    ),
    Metric(
        "result_notice",
        "core.metric.result_notice",
        starts_on=(Trigger("message.posted", WORK_DONE),),
        fulfilled_by=(
            Trigger("message.posted", RESULT),
            Trigger("ticket.taken_back", WITH_RESULT),
        ),
        cancelled_by=(Trigger("ticket.moved", REOPENED), Trigger("ticket.merged")),
    ),
    Metric(
        "customer_contact",
        "core.metric.customer_contact",
        starts_on=(Trigger("message.posted", RESULT), Trigger("ticket.taken_back", WITH_RESULT)),
        fulfilled_by=(Trigger("message.posted", ANSWER),),
        cancelled_by=(Trigger("ticket.moved", REOPENED), Trigger("ticket.merged")),
    ),
    Metric(
        "handover",
        "core.metric.handover",
        starts_on=(Trigger("ticket.handed_over"),),
        fulfilled_by=(Trigger("ticket.handover_accepted"),),
        cancelled_by=(
            Trigger("ticket.handed_over"),
            Trigger("ticket.taken_back"),
            Trigger("ticket.moved", ENDED),
            Trigger("ticket.merged"),
        ),
    ),
    Metric(
        "resolution",
        "core.metric.resolution",
        starts_on=(Trigger("ticket.opened"),),
        fulfilled_by=(Trigger("ticket.moved", SOLVED),),
        cancelled_by=(Trigger("ticket.moved", GIVEN_UP), Trigger("ticket.merged")),
        pauses=True,
    ),
]

DEFAULT_POLICY = SlaPolicy(
    "standard",
    "core.policy.standard",
    calendar="office",
    targets=(
        Target(
            "first_response", 10, calendar="always", when={"field": "channel", "is": "phone"}
        ),  # SL-01
        Target(
            "first_response", 30, calendar="always", when={"field": "channel", "is": "chat"}
        ),  # SL-02
        Target("first_response", 30 * MINUTE),
        Target("acceptance", 30 * MINUTE),  # SL-04
        Target("progress", DAY, calendar="always"),  # SL-05
        Target("result_notice", 2 * HOUR),  # SL-07
        Target("customer_contact", HOUR),  # SL-08
        Target("handover", 30 * MINUTE),  # SL-32
        Target("resolution", 4 * HOUR, when={"field": "priority", "is": "critical"}),
        Target("resolution", 8 * HOUR, when={"field": "priority", "is": "urgent"}),
        Target("resolution", 24 * HOUR),
    ),
    escalations=(
        Escalation("warning", "assignee"),
        Escalation("breach", "assignee"),
        Escalation("breach", "supervisor"),
        Escalation("breach", "manager", after_seconds=2 * HOUR),
    ),
    reason="core.policy.standard_reason",
    order=1000,
)
POLICIES = [DEFAULT_POLICY]
