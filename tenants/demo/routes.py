"""The ways tickets of the demonstration go: what happens in which order, and how long ago it ended."""

from __future__ import annotations

from dataclasses import dataclass

DAY = 24.0
INTAKE = "open assign accept reply acknowledge answer note"
JUDGED = f"{INTAKE} assess uphold"
PLANNED = f"{JUDGED} conclude propose_plan"
APPROVED = f"{PLANNED} approve_plan"
WORKED = f"{APPROVED} accept_plan start done work_done tell_desk"
REPORTED = f"{WORKED} report_result ask_confirmation"
CONFIRMED = f"{REPORTED} confirm_result"
FOLLOWED = f"{CONFIRMED} follow_up"
CLOSED = f"{FOLLOWED} close"
REFUSED = f"{INTAKE} assess reject"
BRIEF = "open assign accept reply acknowledge assess"
UPHELD = f"{BRIEF} uphold conclude propose_plan"
AGREED = "approve_plan accept_plan start"
ENDED = "report_result confirm_result follow_up close"
REJECTED = f"{BRIEF} reject"
APPEALED = f"{REJECTED} appeal"
DISMISSED = f"{APPEALED} dismiss_appeal"
BEGUN = "open accept reply start answer note"
RESOLVED = f"{BEGUN} resolve"
QUICK = "open accept reply resolve"
FRESH, RECENT, STALE, LATE = (0.05, 0.3), (0.2, 5.0), (23.1, 23.8), (27.0, 70.0)
PAST = (2 * DAY, 86 * DAY)
"""Hours since the last step: just now, work in hand, about to break the promise of daily news, and past it."""


@dataclass(frozen=True)
class Route:
    """`times` tickets that take `steps`, end in the state `ends` and were last touched `ago` hours ago."""

    steps: str
    ends: str
    ago: tuple[float, float]
    times: int = 1
    upheld: bool = True


COMPLAINTS = (
    Route("open", "received", (0.05, 0.1)),
    Route("open", "received", (0.42, 0.46)),
    Route("open assign", "received", (3, 9)),
    Route(INTAKE, "acknowledged", FRESH),
    Route(INTAKE, "acknowledged", STALE),
    Route(f"{INTAKE} assess", "assessed", FRESH),
    Route(JUDGED, "investigating", FRESH),
    Route(f"{BRIEF} uphold", "investigating", STALE),
    Route(f"{JUDGED} conclude", "planning", FRESH),
    Route(f"{UPHELD} return_plan", "planning", LATE),
    Route(PLANNED, "plan_proposed", RECENT),
    Route(UPHELD, "plan_proposed", LATE),
    Route(APPROVED, "plan_approved", (2, 30)),
    Route(f"{UPHELD} approve_plan accept_plan", "accepted", RECENT),
    Route(f"{APPROVED} accept_plan start done", "implementing", RECENT),
    Route(f"{UPHELD} {AGREED} done progress", "implementing", STALE),
    Route(f"{UPHELD} {AGREED} report_result dispute_result", "implementing", LATE),
    Route(REPORTED, "awaiting_confirmation", (2, 40)),
    Route(f"{UPHELD} {AGREED} report_result", "awaiting_confirmation", (2, 40)),
    Route(CONFIRMED, "confirmed", RECENT),
    Route(f"{UPHELD} {AGREED} report_result confirm_result", "confirmed", LATE),
    Route(FOLLOWED, "followed_up", RECENT),
    Route(CLOSED, "closed", PAST, 3),
    Route(f"{UPHELD} {AGREED} {ENDED}", "closed", PAST, 4),
    Route(
        f"{BRIEF} uphold conclude reinvestigate conclude propose_plan return_plan propose_plan {AGREED} {ENDED}",
        "closed",
        PAST,
    ),
    Route(
        f"{UPHELD} return_to_investigation conclude propose_plan approve_plan decline_plan propose_plan"
        f" {AGREED} {ENDED}",
        "closed",
        PAST,
    ),
    Route(f"{UPHELD} {AGREED} report_result dispute_result done {ENDED}", "closed", PAST),
    Route(f"{UPHELD} {AGREED} done report_result close_no_reply", "closed_no_reply", PAST),
    Route(f"{UPHELD} {AGREED} {ENDED} appeal", "appealed", RECENT),
    Route(REFUSED, "not_upheld", (20, 90), upheld=False),
    Route(REJECTED, "not_upheld", (20, 90), upheld=False),
    Route(APPEALED, "appealed", RECENT, upheld=False),
    Route(DISMISSED, "final_decision", (5, 40), upheld=False),
    Route(f"{REJECTED} follow_up", "followed_up", (10, 60), upheld=False),
    Route(f"{REJECTED} follow_up close", "closed", PAST, upheld=False),
    Route(f"{REJECTED} close_not_upheld", "closed", PAST, upheld=False),
    Route(f"{DISMISSED} refer", "external", PAST, upheld=False),
    Route(f"{DISMISSED} close_final", "closed", PAST, upheld=False),
    Route(f"{DISMISSED} follow_up close", "closed", PAST, upheld=False),
    Route(f"{APPEALED} grant_appeal conclude propose_plan {AGREED} {ENDED}", "closed", PAST),
)

TICKETS = (
    Route("open", "new", (0.05, 0.1), 2),
    Route("open", "new", (0.42, 0.46)),
    Route("open", "new", (4, 20)),
    Route("open accept reply", "open", RECENT, 3),
    Route("open assign", "open", (0.4, 0.46)),
    Route("open assign decline assign accept reply", "open", STALE),
    Route(BEGUN, "in_progress", RECENT, 2),
    Route(BEGUN, "in_progress", STALE),
    Route(BEGUN, "in_progress", LATE, 2),
    Route(f"{BEGUN} hand_over", "in_progress", (0.4, 0.46)),
    Route(f"{BEGUN} hand_over accept_handover", "in_progress", RECENT),
    Route("open accept reply start wait_customer", "waiting_customer", (2, 40), 3),
    Route("open accept reply start wait_third_party", "waiting_third_party", (2, 40), 3),
    Route(RESOLVED, "resolved", (1, 30), 2),
    Route(QUICK, "resolved", (1, 30), 2),
    Route(f"{RESOLVED} close", "closed", PAST, 3),
    Route(f"{QUICK} close", "closed", PAST, 29),
    Route(f"{BEGUN} wait_customer customer_back resolve close", "closed", PAST, 2),
    Route(f"{BEGUN} wait_third_party resume resolve close", "closed", PAST, 2),
    Route(f"{BEGUN} wait_customer wait_third_party resume resolve close", "closed", PAST),
    Route(f"{BEGUN} wait_third_party wait_customer customer_back resolve close", "closed", PAST),
    Route(f"{RESOLVED} reopen resolve_again close", "closed", PAST),
    Route(f"{RESOLVED} close reopen resolve_again close", "closed", PAST),
    Route(f"{RESOLVED} close reopen", "in_progress", RECENT),
    Route(
        f"{BEGUN} hand_over accept_handover take_back tell_result resolve close", "closed", PAST, 2
    ),
    Route("open start assign accept reply cancel", "cancelled", PAST),
    Route("open assign cancel", "cancelled", PAST),
    Route("open assign accept reply withdraw", "cancelled", PAST),
    Route("open assign accept reply merge", "merged", RECENT),
    Route("open merge", "merged", RECENT, 2),
)
