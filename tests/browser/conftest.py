"""A real Chromium against a real server: a furnished house, people at desks and phones, pictures kept."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from core.actors import OPERATOR
from core.auth import service as people
from core.auth import teams
from core.db import transaction
from core.plugins import catalog
from core.tenancy import as_tenant
from tenants import service
from tests.running.conftest import installation  # noqa: F401  a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.running.conftest import Installation

PASSWORD = "a long enough one"
SCREENS = Path(__file__).parent.parent.parent / "docs" / "screens"
PATIENCE = 90_000
"""Milliseconds: a busy machine is slow, not broken."""
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
FETCH = """async (path) => {
    const answer = await fetch(path), reader = new FileReader();
    reader.readAsDataURL(await answer.blob());
    await new Promise(done => { reader.onload = done; });
    return [answer.status, reader.result.split(",")[1] || ""];
}"""


@pytest.fixture
def house(installation: Installation) -> dict[str, Any]:  # noqa: F811
    """One tenant with the complaints plugin, a service desk team, an agent, a supervisor and an admin."""
    with installation.inside():
        with transaction():
            tenant = service.create_tenant("jinlan", {"zh-CN": "锦澜服务", "en": "Jinlan Services"})
        with as_tenant(tenant), transaction():
            if "complaints" in catalog().plugins:  # it may be left out of this run
                service.enable_plugin("complaints", actor=OPERATOR)
            desk = teams.create_department(
                "desk", {"zh-CN": "客服中心", "en": "Service desk"}, actor=OPERATOR
            )
            works = teams.create_department(
                "works", {"zh-CN": "工程部", "en": "Works"}, actor=OPERATOR
            )
            team = teams.create_team(
                "desk-1", {"zh-CN": "客服一组", "en": "Desk one"}, desk.id, actor=OPERATOR
            )
            for mail, name, role in (
                ("li@jinlan.example", "李敏", "agent"),
                ("chen@jinlan.example", "陈立", "supervisor"),
                ("zhou@jinlan.example", "周岚", "admin"),
            ):
                people.create_user(
                    mail, name, password=PASSWORD, roles=(role,), teams=(team.id,), actor=OPERATOR
                )
            found = {"works": works.id, "team": team.id}
    return {
        "installation": installation,
        "url": f"http://jinlan.localhost:{installation.port}",
        **found,
    }


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window: half of the work of the one with a window, for the same pages."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium-headless-shell"),
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--disable-background-networking",
            ],
        )
        yield browser
        browser.close()


class Person:
    """Somebody in front of a screen; what the browser complains of is remembered and must stay empty."""

    def __init__(
        self,
        browser: Browser,
        house: dict[str, Any],
        kind: str,
        *,
        locale: str = "zh-CN",
        dark: bool = False,
    ) -> None:
        width, height = SIZES[kind]
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if dark else "light",
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.url = house["url"]
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        """Go to a path, or a whole address."""
        self.page.goto(path if path.startswith("http") else self.url + path)
        return self.page

    def sign_in(self, mail: str) -> Page:
        """Sign in at the desk."""
        self.open("/desk/")
        self.page.fill("[name=email]", mail)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main button[type=submit], form button[type=submit]")
        self.page.wait_for_url("**/desk/**")
        return self.page

    def look(self, path: str, name: str) -> Page:
        """Open a page, see that it fits its window, keep its picture."""
        page = self.open(path)
        self.keep(name)
        self.fits(name)
        assert page.title().strip(), name
        return page

    def fits(self, name: str) -> None:
        """Nothing of the page runs off sideways."""
        wide, window = self.page.evaluate(
            "[document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert wide <= window, f"{name} runs off sideways: {wide} > {window}"

    def leave(self) -> None:
        """Close the browser before the server goes: a page that polls would complain."""
        self.context.close()

    def keep(self, name: str) -> None:
        """Keep what is on the screen as docs/screens/<name>.png when pictures are asked for (KEEP_SCREENS=1)."""
        if os.environ.get("KEEP_SCREENS"):
            SCREENS.mkdir(parents=True, exist_ok=True)
            # the boxes that load by themselves belong into the picture
            self.page.wait_for_load_state("networkidle")
            self.page.screenshot(path=SCREENS / f"{name}.png")


def fetched(page: Page, path: str) -> tuple[int, bytes]:
    """Status and bytes of what a link on the page leads to."""
    status, content = page.evaluate(FETCH, path)
    return status, base64.b64decode(content)


def answer(page: Page, form: str, answers: dict[str, Any]) -> None:
    """Fill the named fields of the form at selector `form`: text, choice, yes or no, files, rows."""
    for name, value in answers.items():
        inputs = page.locator(f'{form} [name="{name}"]')
        first = inputs.first
        kind = first.get_attribute("type") or first.evaluate("e => e.tagName.toLowerCase()")
        if kind in {"radio", "checkbox"}:
            page.locator(f'{form} [name="{name}"][value="{value}"]').check(force=True)
        elif kind == "select":
            first.select_option(str(value))
        elif kind == "file":
            first.set_input_files(value)
        else:
            first.fill(str(value))


def press(page: Page, target: str) -> None:
    """Click the first of what is at selector `target` and wait for the page it leads to; nothing may be wrong there."""
    with page.expect_navigation():
        page.locator(target).first.click()
    errors = page.locator(".err-summary:visible, .banner-danger:visible")
    assert errors.count() == 0, f"{target}: {errors.first.inner_text()}"


def submit(page: Page, form: str, answers: dict[str, Any] | None = None) -> None:
    """Fill the form at selector `form` and send it by its last button, the plain one."""
    answer(page, form, answers or {})
    press(page, f"{form} button[type=submit] >> nth=-1")


@pytest.fixture
def somebody(chromium: Browser, house: dict[str, Any]) -> Iterator[Any]:
    """Make people; at the end nobody's browser may have complained."""
    made: list[Person] = []

    def make(kind: str, **options: Any) -> Person:
        made.append(Person(chromium, house, kind, **options))
        return made[-1]

    yield make
    for person in made:
        person.context.close()
    assert [words for person in made for words in person.complaints] == []
