"""What `make run` does: the demonstration, whose tickets are `complaints.complaint`, and the server in one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenants.demo.stories import SLUGS


@pytest.mark.long
def test_the_first_start_makes_the_demonstration_and_the_second_adds_nothing(installation):
    command = ("polydesk", "demo", "--serve")
    log = Path(installation.environment["POLYDESK_DATA"]) / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    installation.environment["POLYDESK_DEMO"] = "1"
    with installation.running(*command, patience=300):
        status, page = installation.get("/")
        assert status == 200
        assert all(f"{slug}.localhost" in page.decode() for slug in SLUGS)
        assert "northgate: " in log.read_text()
    with installation.running(*command):
        assert installation.get("/")[0] == 200
        assert "nothing was added" in log.read_text()
