"""The ways that the demonstration's repairs take: together they pass every move of ST-W and end in every state."""

from __future__ import annotations

_SENT = ("triage", "dispatch")
_ACCEPTED = (*_SENT, "accept")
_WORK = (*_ACCEPTED, "arrive", "start")
_DONE = (*_WORK, "finish")
_SIGNED = (*_DONE, "sign")
_QUOTED = ("triage", "quote", "approve", "dispatch", "accept", "arrive", "start", "finish", "sign")

MINUTES = {
    "triage": 12, "reject": 30, "quote": 60, "approve": 90, "return_quote": 70, "dispatch": 15, "offer": 15,
    "recall": 40, "accept": 14, "decline": 25, "arrive": 55, "start": 10, "wait_parts": 30, "resume": 1900,
    "finish": 80, "sign": 240, "verify": 300, "rate": 30, "close": 400, "reopen": 1500, "cancel": 50,
}  # fmt: skip
"""Minutes before each move, where its repair is old enough."""

ROUTES: tuple[tuple[float, tuple[str, ...]], ...] = (
    # hours ago, moves
    (0.3, ()),
    (0.8, ()),
    (1.5, ("triage",)),
    (3, ("triage",)),
    (30, ("triage", "reject")),
    (5, ("triage", "quote")),
    (20, ("triage", "quote", "approve")),
    (2, _SENT),
    (0.9, _SENT),
    (2.2, ("triage", "offer")),
    (6, _ACCEPTED),
    (4, (*_ACCEPTED, "arrive")),
    (7, _WORK),
    (9, _WORK),
    (50, (*_WORK, "wait_parts")),
    (20, _DONE),
    (44, _DONE),
    (100, _DONE),  # nobody signs: 72 hours later it counts
    (40, _SIGNED),
    (70, _SIGNED),
    (16, (*_SIGNED, "rate")),
    (20, (*_SIGNED, "rate")),
    (400, (*_SIGNED, "rate", "close")),
    (520, (*_SIGNED, "rate", "close")),
    (640, _SIGNED),  # closed by itself after the days to reopen
    (300, (*_DONE, "verify", "rate")),
    (120, (*_SIGNED, "reopen")),
    (260, (*_SIGNED, "reopen", *_SIGNED)),
    (26, ("triage", "cancel")),
    (60, ("triage", "dispatch", "decline", "dispatch", "accept", "arrive", "start", "finish")),
    (700, ("triage", "offer", "accept", "arrive", "start", "finish", "sign", "rate", "close")),
    (480, ("triage", "dispatch", "recall", "dispatch", "accept", "arrive", "start", "finish", "sign")),
    (760, ("triage", "quote", "return_quote", "quote", "approve", "dispatch", "accept", "arrive",
           "start", "wait_parts", "resume", "finish", "sign", "rate", "close")),
    (900, (*_QUOTED, "rate", "close")),
    (1100, (*_SIGNED, "rate", "close")),
    (1300, (*_QUOTED, "close")),
)  # fmt: skip
