"""The webhooks page: an address registered, tried, read of, sent to again, rotated and removed."""

from __future__ import annotations

import re
from html import unescape

import pytest

from core.actors import SYSTEM
from core.db import transaction
from core.events import emit
from core.jobs import drain
from core.webhooks import service
from tenants.service import TenantStateChanged
from tests.admin.conftest import admin, house  # noqa: F401  fixtures

pytestmark = pytest.mark.usefixtures("loopback")
TOPIC = TenantStateChanged.type


@pytest.fixture
def endpoint(admin, house, receiver):  # noqa: F811
    """An address that the admin registered; its id."""
    page = give(admin, "/console/webhooks", 201, title="Store", url=receiver.url, events=TOPIC)
    assert "whsec_" in page
    with house.inside():
        (row,) = service.list_endpoints()
        return row.id


def give(admin, path, status, **fields):  # noqa: F811
    """Post a form that has a field called url."""
    answer = admin.client.post(path, data={"csrf_token": admin.token(), **fields})
    assert answer.status_code == status, admin.told(answer)
    return unescape(answer.get_data(as_text=True))


def say(house, receiver, status=200):  # noqa: F811
    receiver.say(status)
    with house.inside() as tenant:
        with transaction():
            fact = TenantStateChanged(before="active", after="active")
            emit(fact, subject=("tenant", tenant.id), actor=SYSTEM)
        drain()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://10.0.0.1/x", "不在公网上"),
        ("https://localhost/x", "不在公网上"),
        ("http://example.com/", "https://"),
        ("https://u:p@example.com/", "用户名"),
        ("https://example.com:22/", "443"),
        ("hello", "https://"),
    ],
)
def test_a_private_or_odd_address_is_refused_in_words(admin, house, url, words):  # noqa: F811
    page = give(admin, "/console/webhooks", 422, title="In", url=url, events=TOPIC)
    assert words in page.partition("err-summary")[2]
    assert f'value="{url}"' in page
    assert "checked" in page
    with house.inside():
        assert service.list_endpoints() == []


def test_the_log_shows_what_came_back_and_sends_again(endpoint, admin, house, receiver):  # noqa: F811
    base = f"/console/webhooks/{endpoint}"
    assert "还没有投递" in admin.get(base)
    say(house, receiver, 200)
    page = admin.get(base)
    assert "thank you" in page
    assert "成功 1" in page
    delivery = re.search(r'name="delivery" value="([^"]+)"', page)[1]
    admin.post(f"{base}/replay", delivery=delivery)
    with house.inside():
        drain()
    assert len(set(receiver.ids)) == 1
    assert len(receiver.seen) == 2
    assert "没有失败" in admin.get(f"{base}?show=failed")
    admin.post(f"{base}/replay", status=404, delivery="01a20012-dcd5-7003-ac33-2aef66a105c9")


def test_one_that_is_gone_says_so_and_comes_back_with_what_it_missed(
    endpoint,
    admin,  # noqa: F811
    house,  # noqa: F811
    receiver,
):
    base = f"/console/webhooks/{endpoint}"
    say(house, receiver, 410)
    assert "410" in admin.get(base)
    assert "对方已撤销" in admin.get("/console/webhooks")
    assert "先启用" in admin.post(f"{base}/replay", status=422, span="day")
    admin.post(f"{base}/enable")
    receiver.say(200)
    admin.post(f"{base}/replay", span="hour")
    with house.inside():
        drain()
    assert len(receiver.seen) == 2
    assert "成功 1" in admin.get(base)
    assert admin.events("webhook.disabled")


def test_a_test_reaches_it(endpoint, admin, house, receiver):  # noqa: F811
    receiver.say(200)
    admin.post(f"/console/webhooks/{endpoint}/ping")
    with house.inside():
        drain()
    assert b"webhook.pinged" in receiver.seen[0][2]


def test_it_is_changed_switched_rotated_and_removed(endpoint, admin, house, receiver):  # noqa: F811
    base = f"/console/webhooks/{endpoint}"
    give(
        admin, base, 303, title="Archive", url="https://hooks.example.com/", events="ticket.opened"
    )
    page = give(admin, base, 422, title="", url="https://10.0.0.1/", events="ticket.opened")
    assert "请填写名称" in page
    with house.inside():
        row = service.get_endpoint(endpoint)
        assert (row.title, row.events) == ("Archive", ["ticket.opened"])
    admin.post(f"{base}/disable")
    assert "已停用" in admin.get(base)
    admin.post(f"{base}/enable")
    assert "whsec_" in admin.post(f"{base}/rotate", status=200)
    admin.post(f"{base}/remove")
    admin.get(base, status=404)
    assert "Archive" not in admin.get("/console/webhooks")


def test_the_log_pages(endpoint, admin, house, receiver):  # noqa: F811
    for _ in range(3):
        say(house, receiver)
    with house.inside():
        assert len(service.attempts(endpoint, limit=2).items) == 2
    page = admin.get(f"/console/webhooks/{endpoint}")
    assert page.count("thank you") == 3
    admin.get(f"/console/webhooks/{endpoint}?cursor=nonsense", status=422)


def test_no_blank_and_no_id_of_words_is_left(endpoint, admin, house, receiver):  # noqa: F811
    say(house, receiver, 500)
    for path in ("/console/webhooks", f"/console/webhooks/{endpoint}", "/console/clients"):
        page = admin.get(path)
        assert "%(" not in page, page[max(0, page.find("%(") - 150) :][:260]
        assert "console.webhooks." not in page
