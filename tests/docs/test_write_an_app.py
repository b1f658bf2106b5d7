"""Every sample of docs/write-an-app.md: the manifest is accepted, the answers fit, the app runs and is spoken to."""

from __future__ import annotations

import json
import re
import sys

import pytest
from standardwebhooks import Webhook

from core.actors import OPERATOR
from core.apps import calls, service
from core.apps.answer_schema import SHAPES, read_answer
from core.apps.manifest import check
from core.cli import polydesk
from core.clock import now
from core.db import clear_session, transaction
from core.jobs import drain
from core.panels import draw_panel
from core.tickets import service as tickets
from core.webhooks.signing import new_secret, signed_headers
from tests.apps.conftest import agent, ticket  # noqa: F401  fixtures
from tests.apps.living import close, living
from tests.habits import source
from tests.webhooks.conftest import loopback, receiver  # noqa: F401  fixtures

PAGE = source.ROOT / "docs/write-an-app.md"
BLOCK = re.compile(r"^```(\w+) ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY = re.compile(r"^```(\w+)", re.MULTILINE)
KINDS = {"manifest", "check", "mistake", "panel-request", "answer", "event", "200 as=token", "201"}


def samples(kind):
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [text for _language, named, text in found if named == kind]


def only(kind):
    (found,) = samples(kind)
    return found


def test_every_sample_is_tried():
    page = PAGE.read_text(encoding="utf-8")
    named = [named for _language, named, _text in BLOCK.findall(page)]
    files = {name for name in named if name.startswith("file=")}
    assert len(ANY.findall(page)) == len(named)
    assert set(named) == KINDS | files
    assert files == {"file=signed.py", "file=cheers.py"}


def test_the_manifest_is_accepted_and_its_entries_explained(context):
    found = check(only("manifest"))
    assert found.findings == ()
    page = PAGE.read_text(encoding="utf-8")
    plain = {"manifest", "publisher", "icon"}
    entries = set(json.loads(only("manifest"))) - plain
    assert {name for name in entries if f"`{name}`" not in page} == set()


def test_the_command_says_what_the_page_says(app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "manifest.json"
    for kind, written in (
        ("check", only("manifest")),
        ("mistake", only("manifest").replace("ticket:read", "ticket:reed")),
    ):
        file.write_text(written, encoding="utf-8")
        asked, *wanted = only(kind).strip().splitlines()
        done = run(app, *asked.removeprefix("$ polydesk ").split())
        assert done.strip().splitlines()[: len(wanted)] == wanted


def run(app, *words):
    """What a command says."""
    for call in app.extensions["polydesk_plugins"][0].hook.register_commands.get_hookimpls():
        call.function(polydesk)
    return app.test_cli_runner().invoke(polydesk, list(words)).output


def test_answers_fit_and_show_every_kind_of_block(context):
    read = [read_answer(text.encode()) for text in samples("answer")]
    kinds = {block.kind for _message, blocks in read for block in blocks}
    assert kinds == set(SHAPES)
    assert read[1][0] == {"zh-CN": "已喝彩 3 次。", "en": "Cheered 3 times."}


def test_signatures_are_checked_as_the_library_does(tmp_path):
    space = {}
    (text,) = samples("file=signed.py")
    exec(compile(text, "signed.py", "exec"), space)  # noqa: S102  the page's own code
    secret, body = new_secret(), b'{"type": "x"}'
    headers = signed_headers([new_secret(), secret], "m-1", now(), body)
    assert space["signed"](secret, headers, body)
    assert Webhook(secret).verify(body.decode(), headers)
    for bad in (
        {**headers, "webhook-id": "m-2"},
        {**headers, "webhook-timestamp": "1"},
        {**headers, "webhook-timestamp": "soon"},
        {**headers, "webhook-signature": "v1,né"},
        {},
    ):
        assert not space["signed"](secret, bad, body)
    assert not space["signed"](new_secret(), headers, body)


@pytest.fixture
def cheers(app, tenant, loopback, tmp_path, monkeypatch):  # noqa: F811
    """The page's app, installed and running beside a server of ours that answers on loopback."""
    for name in ("signed.py", "cheers.py"):
        (tmp_path / name).write_text(only(f"file={name}"), encoding="utf-8")
    command = [sys.executable, str(tmp_path / "cheers.py")]
    with living(app, monkeypatch, json.loads(only("manifest")), command) as keys:
        yield keys


def test_the_app_shows_acts_and_hears(cheers, ticket, agent):  # noqa: F811
    def count():
        clear_session()
        drawn = draw_panel(
            "app-cheers.count", lambda: tickets.get_ticket(ticket, actor=agent), agent
        )
        assert not drawn.failed
        (((greeting, number),),) = [block.items for block in drawn.blocks]
        return greeting, number

    assert count() == ({"zh-CN": "Hurray"}, 0)
    clear_session()
    outcome = calls.run_action("cheers", "cheer", ticket, {"times": 3}, actor=agent, key="k-1")
    assert outcome.message["en"] == "Hurray!"
    calls.run_action("cheers", "cheer", ticket, {"times": 3}, actor=agent, key="k-1")
    assert count()[1] == 3
    close(ticket, agent)
    drain()
    assert count()[1] == 4


def test_requests_have_the_shape_of_the_page(tenant, receiver, loopback, ticket, agent):  # noqa: F811
    written = json.loads(only("manifest"))
    written["base_url"] = receiver.url.removesuffix("/events")
    with transaction():
        service.install(check(json.dumps(written)).manifest, actor=OPERATOR)
    clear_session()
    receiver.say(200, body=b'{"blocks": []}')
    draw_panel("app-cheers.count", lambda: tickets.get_ticket(ticket, actor=agent), agent)
    close(ticket, agent)
    drain()
    asked, told = (json.loads(body) for _path, _headers, body in receiver.seen)
    for made, kind in ((asked, "panel-request"), (told, "event")):
        assert _shape(made) == _shape(json.loads(only(kind)))


def _shape(value):
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    return None if value is None else type(value).__name__


def test_the_samples_of_the_api_answer(app, cheers, ticket):  # noqa: F811
    filled = {
        "$CLIENT_ID": cheers.client_id,
        "$CLIENT_SECRET": cheers.client_secret,
        "$TICKET": str(ticket),
    }
    token = {}
    for kind, status in (("200 as=token", 200), ("201", 201)):
        sample = only(kind)
        for name, value in filled.items():
            sample = sample.replace(name, value)
        sample = sample.replace("{token.access_token}", token.get("access_token", ""))
        head, _, body = sample.partition("\n\n")
        first, *lines = head.splitlines()
        method, path = first.split()
        headers = dict(line.split(": ", 1) for line in lines)
        answer = app.test_client().open(
            path, method=method, headers=headers, data=body.strip(), base_url="http://localhost"
        )
        assert answer.status_code == status, answer.get_data(as_text=True)
        token = answer.get_json()
