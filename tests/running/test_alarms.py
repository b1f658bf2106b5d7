"""In the running server a warning and a breach due in 3 s arrive by themselves; -rP prints after how long."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from core.actors import SYSTEM
from core.bodies import to_body
from core.db import transaction
from core.declarations import Target
from core.sla import defaults, policies

QUICK = replace(
    defaults.DEFAULT_POLICY,
    targets=(Target("first_response", 3, calendar="always"),),
    warn_percent=50,
)


def _promise_three_seconds(installation):
    with installation.inside("swift"), transaction():
        policies.edit_policy("standard", to_body(QUICK), actor=SYSTEM)


def test_a_warning_and_a_breach_arrive_in_the_feed_of_the_running_server(installation):
    installation.quickly("tenants", "create", "swift", "Swift")
    installation.quickly(
        *("users", "create", "--tenant", "swift", "--email", "lin@example.com", "--name", "Lin"),
        *("--role", "manager", "--password", "a long enough one"),
    )
    headers = {
        "Authorization": f"Bearer {installation.token('swift', 'lin@example.com')}",
        "Content-Type": "application/json",
    }
    _promise_three_seconds(installation)
    with installation.running("polydesk", "serve"):
        body = {"type": "problem", "subject": "Lift", "description": "It stands still"}
        status, answer = installation.request(
            "POST", "/api/v1/tickets", json.dumps(body).encode(), headers=headers
        )
        begun = time.monotonic()
        assert status == 201, answer.decode()
        seen: dict[str, float] = {}
        while len(seen) < 2 and time.monotonic() - begun < 10:
            feed = json.loads(
                installation.get("/api/v1/events?after=0&limit=100", headers=headers)[1]
            )
            for event in feed["items"]:
                if event["type"] in {"clock.warned", "clock.breached"}:
                    seen.setdefault(event["type"], time.monotonic() - begun)
            time.sleep(0.1)
    assert set(seen) == {"clock.warned", "clock.breached"}
    print({name: f"{seconds:.1f} s" for name, seconds in seen.items()})  # noqa: T201  the figure
