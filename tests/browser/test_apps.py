"""A stranger's app in a browser: installed, seen at a ticket, asked to act, told of an end, switched off and gone."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.actors import OPERATOR
from core.auth import service as people
from core.contacts import service as contacts
from core.contacts.points import PointIn
from core.db import transaction
from core.tickets import service as tickets

pytestmark = [pytest.mark.browser, pytest.mark.story]

EXAMPLE = Path(__file__).parents[2] / "examples" / "loyalty_bridge"
PATIENCE = 20


@pytest.fixture
def bridge(house):
    """The house may reach loopback; an open ticket; the example's manifest for a free port, and how to start it."""
    installation = house["installation"]
    installation.environment["POLYDESK_EGRESS_ALLOW"] = "127.0.0.1"
    with installation.inside("jinlan"):
        agent = people.actor_for(people.find_user("li@jinlan.example"))
        with transaction():
            points = [PointIn("phone", "+8613800006021")]
            lin = contacts.create_contact("林静", points=points, verified=True, actor=OPERATOR)
            new = tickets.NewTicket(
                type="problem", subject="水压不足", description="早晨六点起顶层没有水。",
                contact_id=lin.id, category="other", team_id=house["team"], assignee_id=agent.id,
            )  # fmt: skip
            ticket = tickets.open_ticket(new, actor=agent).id
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    manifest = json.loads((EXAMPLE / "manifest.json").read_text())
    manifest["base_url"] = f"http://127.0.0.1:{port}"
    return house | {"ticket": f"/desk/tickets/{ticket}", "port": port, "manifest": manifest}


@pytest.fixture
def run_app(bridge, tmp_path):
    """Start the example as its makers would, with its keys; it ends with the test."""
    running = []

    def start(keys):
        environment = {
            "PATH": os.environ["PATH"],
            "POLYDESK_URL": f"http://localhost:{bridge['installation'].port}",
            "PORT": str(bridge["port"]),
            "BOOK": str(tmp_path / "points.db"),
            **keys,
        }
        program = [sys.executable, str(EXAMPLE / "loyalty_bridge.py")]
        running.append(subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", bridge["port"])) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the example did not start")

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=10)


def test_a_remote_app_from_manifest_to_gone(bridge, somebody, run_app):
    with bridge["installation"].running("polydesk", "serve"):
        admin, agent = somebody("desk"), somebody("desk")
        keys = install(admin, bridge)
        run_app(keys)
        see_panel_and_act(agent, bridge)
        close_and_be_told(agent, bridge)
        refuse_what_leads_inside(admin)
        read_the_log(admin)
        switch_off_and_gone(admin, agent, bridge)
        for person in (admin, agent):
            person.leave()
    assert admin.complaints == agent.complaints == []


def install(admin, bridge):
    """Paste the manifest, read what it asks for, agree; the keys stand there once."""
    page = admin.sign_in("zhou@jinlan.example")
    page = admin.open("/console/plugins")
    page.click("text=连接远程应用")
    page.fill("[name=manifest]", json.dumps(bridge["manifest"] | {"scopes": ["ticket:reed"]}))
    page.click("text=检查清单")
    page.locator(".err-summary").wait_for()
    assert "ticket:read" in page.inner_text(".err-summary")
    page.fill("[name=manifest]", json.dumps(bridge["manifest"], ensure_ascii=False, indent=1))
    page.click("text=检查清单")
    review = page.inner_text("#review")
    for words in ("查看工单", "处理工单", "关闭了工单", f"127.0.0.1:{bridge['port']}", "赠送积分"):
        assert words in review
    admin.keep("app-review-desk")
    page.click("text=同意并安装")
    keys = {
        name.upper(): page.input_value(f"#k-{name}")
        for name in ("client_id", "client_secret", "webhook_secret")
    }
    assert keys["WEBHOOK_SECRET"].startswith("whsec_")
    page.click("text=查看应用")
    assert (
        page.locator("#plugin-app-loyalty_bridge [role=switch]").get_attribute("aria-checked")
        == "true"
    )
    assert keys["CLIENT_SECRET"] not in page.content()
    admin.keep("console-app-desk")
    return keys


def see_panel_and_act(agent, bridge):
    """The box beside the ticket is drawn; the menu's action asks, acts and shows."""
    agent.sign_in("li@jinlan.example")
    page = agent.open(bridge["ticket"])
    box = page.locator("#panel-app-loyalty_bridge-points")
    box.get_by_text("当前积分").wait_for()
    assert re.search(r"当前积分\s*0", box.inner_text())
    page.locator("details.menu", has_text="赠送积分").locator("summary").click()
    page.click("text=赠送积分")
    page.fill("[name=points]", "501")
    page.locator("form button[type=submit]").last.click()
    page.locator(".err-summary").wait_for()
    page.fill("[name=points]", "120")
    page.locator("form button[type=submit]").last.click()
    page.get_by_text("已赠送 120 积分。").wait_for()
    agent.keep("app-action-desk")
    page = agent.open(bridge["ticket"])
    page.locator("#panel-app-loyalty_bridge-points").get_by_text("120").wait_for()
    assert "李敏通过应用「积分桥」执行了「赠送积分」" in page.inner_text("#timeline")
    agent.keep("ticket-app-desk")


def close_and_be_told(agent, bridge):
    """Closing the ticket reaches the app, which adds points and leaves a note as itself."""
    installation = bridge["installation"]
    token = installation.token("jinlan", "li@jinlan.example", "ticket:read ticket:write")
    address = "/api/v1" + bridge["ticket"].removeprefix("/desk")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = json.loads(installation.get(address, headers=headers)[1])
        if found["status"] == "closed":
            break
        (name, form) = next(
            way for way in WAYS if way[0] in {t["name"] for t in found["transitions"]}
        )
        sent = json.dumps({"name": name, "form": form, "version": found["version"]}).encode()
        status, answer = installation.request(
            "POST", f"{address}/transitions", sent, headers=headers
        )
        assert status == 201, answer
    page = agent.open(bridge["ticket"])
    while "+10 points" not in page.inner_text("#timeline") and time.monotonic() < end:
        page.wait_for_timeout(500)
        page.reload()
    assert "+10 points" in page.inner_text("#timeline")
    page.locator("#panel-app-loyalty_bridge-points").get_by_text("130").wait_for()


WAYS = (("close", {}), ("resolve", {"solution": "阀门已修复"}), ("start", {}), ("accept", {}))


def refuse_what_leads_inside(admin):
    """A webhook to a private address is refused in plain words."""
    page = admin.open("/console/webhooks")
    page.fill("[name=title]", "Inside")
    page.fill("[name=url]", "https://169.254.169.254/latest/meta-data/")
    page.locator("input[name=events]").first.check()
    page.locator("#new button[type=submit]").click()
    page.locator(".err-summary").wait_for()
    assert "不在公网上" in page.inner_text("#new")


def read_the_log(admin):
    """The app's deliveries stand in the log; a test reaches it."""
    page = admin.open("/console/webhooks")
    page.click("table >> text=积分桥")
    page.locator("#log table").wait_for()
    assert "关闭了工单" in page.inner_text("#log")
    assert "200" in page.inner_text("#log")
    admin.keep("console-webhook-desk")


def switch_off_and_gone(admin, agent, bridge):
    """One click, no restart: box and action are gone at the next request."""
    page = admin.open("/console/plugins")
    page.click("#plugin-app-loyalty_bridge [role=switch]")
    page.locator("#plugin-app-loyalty_bridge [role=switch][aria-checked=false]").wait_for()
    page = agent.open(bridge["ticket"])
    assert page.locator("#panel-app-loyalty_bridge-points").count() == 0
    assert page.locator("a[href*='/apps/loyalty_bridge/']").count() == 0
    answer = page.goto(f"{agent.url}{bridge['ticket']}/apps/loyalty_bridge/award")
    assert answer is not None
    assert answer.status == 404
