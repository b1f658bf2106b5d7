"""Remote apps on the plugins page: reviewed in plain words, installed, switched, set, updated and removed."""

from __future__ import annotations

import io
import json
import re

import pytest

from core.actors import OPERATOR
from core.apps import service
from core.db import transaction
from core.oauth import service as clients
from tests.admin.conftest import admin, house  # noqa: F401  fixtures
from tests.apps.conftest import BODY, body

pytestmark = pytest.mark.usefixtures("loopback")
CARD = 'id="plugin-app-parrot"'
KEYS = ("client_id", "client_secret", "webhook_secret")


def text(**changes):
    return json.dumps(body(**changes), ensure_ascii=False, indent=1)


def key(page, name):
    return re.search(rf'id="k-{name}" value="([^"]+)"', page)[1]


@pytest.fixture
def connected(admin):  # noqa: F811
    """The parrot, installed by the admin; the page with its keys."""
    return admin.post("/console/apps/install", status=201, manifest=text())


def test_the_review_says_in_plain_words_what_is_asked_and_installs_nothing(house, admin):  # noqa: F811
    page = admin.post("/console/apps/new", status=200, manifest=text())
    for words in ("查看工单", "处理工单", "127.0.0.1:1", "回声", "说话", "音量", "同意并安装"):
        assert words in page
    assert CARD not in admin.get("/console/plugins")
    with house.inside():
        assert service.list_apps() == []


def test_mistakes_stand_with_their_lines_and_the_text_comes_again(admin):  # noqa: F811
    page = admin.post("/console/apps/new", status=422, manifest=text(name="Bad!"))
    assert "第 3 行" in page
    assert '"name": "Bad!"' in page
    assert "小写字母" in page
    assert "请粘贴清单" in admin.post("/console/apps/new", status=422, manifest=" ")
    again = admin.post("/console/apps/install", status=422, manifest="{")
    assert "JSON" in again


def test_a_file_counts_like_pasted_text(admin):  # noqa: F811
    sent = (io.BytesIO("\ufeff".encode() + text().encode()), "manifest.json")
    assert "同意并安装" in admin.post("/console/apps/new", status=200, file=sent)
    broken = (io.BytesIO(b"\xff\xfe\x00"), "manifest.json")
    assert "UTF-8" in admin.post("/console/apps/new", status=422, file=broken)


def test_keys_are_shown_once(connected, admin):  # noqa: F811
    shown = {name: key(connected, name) for name in KEYS}
    assert shown["webhook_secret"].startswith("whsec_")
    pages = "".join(
        admin.get(path)
        for path in ("/console/plugins", "/console/plugins?p=app-parrot&tab=keys", "/console/webhooks",
                     "/console/clients", "/console/audit")
    )  # fmt: skip
    assert shown["client_id"] in pages
    assert shown["client_secret"] not in pages
    assert shown["webhook_secret"] not in pages


def test_its_card_has_the_switch_and_it_works_at_once(connected, house, admin):  # noqa: F811
    assert CARD in admin.get("/console/plugins?show=on")
    admin.post("/console/apps/parrot/disable")
    assert CARD not in admin.get("/console/plugins?show=on")
    with house.inside():
        app = service.get_app("parrot")
        assert (app.on, clients.get_client(app.row.client_id).state) == (False, "disabled")
    admin.post("/console/apps/parrot/enable")
    assert CARD in admin.get("/console/plugins?show=on")
    assert admin.events("app.disabled")


@pytest.mark.parametrize("tab", ["settings", "permissions", "offers", "keys", "log"])
def test_its_drawer_speaks_on_every_tab(connected, admin, tab):  # noqa: F811
    page = admin.get(f"/console/plugins?p=app-parrot&tab={tab}")
    assert 'aria-current="page"' in page
    assert "console.apps" not in page
    assert "%(" not in page


def test_settings_are_kept_and_refused_ones_come_again(connected, house, admin):  # noqa: F811
    page = admin.post("/console/apps/parrot/settings", status=422, volume="99")
    assert 'value="99"' in page
    assert "err-summary" in page
    seen = admin.seen("/console/plugins?p=app-parrot")
    admin.post("/console/apps/parrot/settings", volume="7", _seen=seen)
    late = admin.post("/console/apps/parrot/settings", status=409, volume="8", _seen=seen)
    assert "其他人刚刚保存了新版本" in late
    assert 'value="8"' in late
    with house.inside():
        assert service.settings_of(service.get_app("parrot")) == {"volume": 7}


def test_a_newer_manifest_shows_what_is_more_and_keeps_the_keys(connected, house, admin):  # noqa: F811
    newer = text(version="2.0.0", scopes=[*BODY["scopes"], "contact:read"])
    page = admin.post("/console/apps/new", status=200, manifest=newer)
    assert "已安装 1.0.0" in page
    assert "contact:read" in page
    admin.post("/console/apps/install", manifest=newer)
    with house.inside():
        app = service.get_app("parrot")
        assert app.manifest.version == "2.0.0"
        assert clients.public_id(clients.get_client(app.row.client_id)) == key(
            connected, "client_id"
        )


def test_new_keys_and_removal(connected, house, admin):  # noqa: F811
    page = admin.post("/console/apps/parrot/rotate", status=200)
    assert key(page, "client_secret") != key(connected, "client_secret")
    admin.post("/console/apps/parrot/uninstall")
    assert CARD not in admin.get("/console/plugins")
    admin.get("/console/plugins?p=app-parrot", status=404)
    with house.inside():
        assert service.list_apps() == []
        assert clients.list_clients() == []


def test_clients_are_listed_and_an_apps_own_follows_the_app(connected, house, admin):  # noqa: F811
    page = admin.get("/console/clients")
    assert key(connected, "client_id") in page
    with house.inside():
        client = service.get_app("parrot").row.client_id
    assert "插件页面" in admin.post(f"/console/clients/{client}/disable", status=409)
    with house.inside():
        assert clients.get_client(client).state == "active"


def test_another_client_has_its_switch_there(house, admin):  # noqa: F811
    with house.inside(), transaction():
        made, _ = clients.register_client(
            "Own script", scopes=["ticket:read"], grant_types=["client_credentials"], actor=OPERATOR
        )
        client = made.id
    assert "Own script" in admin.get("/console/clients")
    admin.post(f"/console/clients/{client}/disable")
    with house.inside():
        assert clients.get_client(client).state == "disabled"
    admin.post(f"/console/clients/{client}/enable")
    with house.inside():
        assert clients.get_client(client).state == "active"
