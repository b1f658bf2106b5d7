"""Uploads from the first byte to the tombstone: whose they are, who sees them, how they are served."""

from __future__ import annotations

import contextvars
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, current_app
from flask.testing import FlaskClient
from PIL import Image

from core import tenancy
from core.actors import ANONYMOUS, SYSTEM, Actor
from core.attachments import responses, service
from core.attachments.models import Attachment
from core.auth.tokens import create_token
from core.clock import VirtualClock, now, virtual
from core.contacts import merging as contacts
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotFound
from core.tenancy import Tenant, as_tenant, current_tenant
from core.tickets import service as tickets
from core.timers import run_until
from tests.tickets.conftest import House, build_house

HTML = b"<!doctype html><script>alert(1)</script>"


def jpeg(size: tuple[int, int] = (900, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def house(tenant: Tenant) -> House:
    return build_house(tenant)


def keep(
    actor: Actor, content: bytes = b"words", name: str = "a.txt", form_key: str = ""
) -> Attachment:
    with transaction():
        return service.store_upload(content, name, actor=actor, form_key=form_key)


def blobs() -> list[Path]:
    root = Path(current_app.config["POLYDESK_DATA"]) / "blobs" / str(current_tenant().id)
    return [path for path in root.rglob("*") if path.is_file()]


def test_an_upload_is_its_owners_until_a_message_takes_it(house: House) -> None:
    row = keep(house.agent)
    assert service.get_attachment(row.id, actor=house.agent).name == "a.txt"
    for stranger in (house.colleague, house.customer, house.manager, ANONYMOUS):
        with pytest.raises(NotFound):
            service.get_attachment(row.id, actor=stranger)
    ticket = house.open(attachment_ids=(row.id,))
    for reader in (house.colleague, house.customer, house.manager):
        assert service.get_attachment(row.id, actor=reader).ticket_id == ticket.id
    with pytest.raises(NotFound):
        service.get_attachment(row.id, actor=house.outsider)


def test_an_upload_before_the_ticket_belongs_to_the_form_key(house: House) -> None:
    key, other = service.new_form_key(), service.new_form_key()
    row = keep(ANONYMOUS, form_key=key)
    for forged in ("", other, key.split(".")[0], key.split(".")[0] + ".AAAA", "x.y.z", "."):
        with pytest.raises(NotFound):
            service.get_attachment(row.id, actor=ANONYMOUS, form_key=forged)
    assert service.get_attachment(row.id, actor=ANONYMOUS, form_key=key).id == row.id
    with pytest.raises(NotFound):
        house.open(actor=house.customer, attachment_ids=(row.id,), form_key=other)
    ticket = house.open(actor=house.customer, attachment_ids=(row.id,), form_key=key)
    assert [a.id for a in service.attachments_of_ticket(ticket.id, actor=house.agent)] == [row.id]


def test_nobody_uploads_without_a_key_or_a_name(house: House) -> None:
    for key in ("", "made-up.key"):
        with pytest.raises(Forbidden):
            keep(ANONYMOUS, form_key=key)
    assert keep(ANONYMOUS, form_key=service.new_form_key()).owner.startswith("form:")


def test_nobody_takes_another_ones_upload_nor_one_twice(house: House) -> None:
    row = keep(house.agent)
    with pytest.raises(NotFound):
        house.open(actor=house.colleague, attachment_ids=(row.id,))
    house.open(attachment_ids=(row.id,))
    with pytest.raises(NotFound):
        house.open(attachment_ids=(row.id,))


def test_a_file_in_an_internal_note_stays_internal(house: House) -> None:
    ticket = house.open(actor=house.customer)
    secret, shown = keep(house.agent), keep(house.agent)
    with transaction():
        tickets.post_message(
            ticket.id, "内部", actor=house.agent, visibility="internal", attachment_ids=[secret.id]
        )
        tickets.post_message(ticket.id, "您好", actor=house.agent, attachment_ids=[shown.id])
    with pytest.raises(NotFound):
        service.get_attachment(secret.id, actor=house.customer)
    assert service.get_attachment(secret.id, actor=house.colleague).visibility == "internal"
    assert service.get_attachment(shown.id, actor=house.customer).visibility == "public"
    seen = service.attachments_of_ticket(ticket.id, actor=house.customer)
    assert [row.id for row in seen] == [shown.id]


def test_a_file_of_a_recalled_reply_is_gone_for_the_customer(house: House) -> None:
    ticket = house.open(actor=house.customer)
    row = keep(house.agent)
    with transaction():
        message = tickets.post_message(
            ticket.id, "您好", actor=house.agent, attachment_ids=[row.id]
        )
        tickets.recall_message(ticket.id, message.id, actor=house.agent)
    with pytest.raises(NotFound):
        service.get_attachment(row.id, actor=house.customer)
    assert service.get_attachment(row.id, actor=house.agent).id == row.id


def test_uploads_outlive_a_refused_form(house: House) -> None:
    """The transaction of the request rolls back, the upload stays with its owner."""
    with pytest.raises(RuntimeError), transaction():
        row = service.store_upload(jpeg(), "a.jpg", actor=house.agent)
        kept = row.id
        raise RuntimeError
    assert service.get_attachment(kept, actor=house.agent).is_picture
    assert service.upload_name(str(kept)) == "a.jpg"
    assert service.upload_name("nonsense") == ""
    house.open(attachment_ids=(kept,))


def test_a_refused_file_leaves_nothing(house: House) -> None:
    before = len(blobs())
    with pytest.raises(Invalid):
        keep(house.agent, HTML, "photo.jpg")
    count = sa.select(sa.func.count()).select_from(Attachment)
    assert (len(blobs()), db.session.scalar(count)) == (before, 0)
    keep(house.agent, jpeg(), "photo.jpg")
    assert (len(blobs()), db.session.scalar(count)) == (before + 2, 1), "with its thumbnail"


def test_one_message_takes_ten_files_and_a_form_holds_no_more_than_its_share(house: House) -> None:
    ids = [keep(house.agent).id for _ in range(11)]
    with pytest.raises(Invalid):
        house.open(attachment_ids=tuple(ids))
    house.open(attachment_ids=tuple(ids[:10]))
    key = service.new_form_key()
    for _ in range(service.MAX_WAITING["form"]):
        keep(ANONYMOUS, form_key=key)
    with pytest.raises(Invalid):
        keep(ANONYMOUS, form_key=key)
    assert keep(ANONYMOUS, form_key=service.new_form_key())


def test_what_nobody_claims_is_swept_after_a_day(house: House) -> None:
    start = now() + timedelta(days=1)
    with virtual(start) as clock:
        lost, kept = keep(house.agent), keep(house.agent)
        house.open(attachment_ids=(kept.id,))
        _sweep(clock, start + timedelta(hours=23))
        assert service.get_attachment(lost.id, actor=house.agent)
        _sweep(clock, start + timedelta(hours=25))
        with pytest.raises(NotFound):
            service.get_attachment(lost.id, actor=house.agent)
        assert service.content_of(service.get_attachment(kept.id, actor=house.agent)) == b"words"


def _sweep(clock: VirtualClock, until) -> None:
    run_until(clock, until, housekeeping=False)
    db.session.expire_all()


def test_redacting_leaves_a_tombstone(house: House) -> None:
    row = keep(house.agent, jpeg(), "林女士.jpg")
    ticket = house.open(attachment_ids=(row.id,))
    before = len(blobs())
    with transaction():
        service.redact(row.id, actor=house.manager)
        service.redact(row.id, actor=house.manager)
    left = service.attachments_of_ticket(ticket.id, actor=house.agent)[0]
    assert (left.name, left.is_picture, len(blobs())) == ("", False, before - 2)
    assert left.redacted_at
    with pytest.raises(NotFound):
        service.content_of(left)
    assert service.content_by_id(row.id) is None


def test_an_erased_customers_files_go_and_the_desks_stay(house: House) -> None:
    his, ours = keep(house.customer, jpeg(), "身份证.jpg"), keep(house.agent)
    ticket = house.open(actor=house.customer, attachment_ids=(his.id,))
    with transaction():
        tickets.post_message(ticket.id, "您好", actor=house.agent, attachment_ids=[ours.id])
        contacts.erase_contact(house.contact_id, actor=SYSTEM)
    found = service.by_ids([his.id, ours.id])
    assert found[his.id].redacted_at
    assert found[his.id].name == ""
    assert not found[ours.id].redacted_at


def test_another_tenants_file_is_not_there(
    house: House, make_tenant: Callable[..., Tenant]
) -> None:
    row_id, key = keep(house.agent).id, service.new_form_key()

    def seen() -> tuple[bool, bool]:
        try:
            service.get_attachment(row_id, actor=house.agent)
        except NotFound:
            return False, service.is_form_key(key)
        return True, service.is_form_key(key)

    def elsewhere() -> tuple[bool, bool]:
        tenancy._tenant.set(None)
        with as_tenant(make_tenant()):
            return seen()

    assert seen() == (True, True)
    assert contextvars.copy_context().run(elsewhere) == (False, False)


def test_a_file_is_served_so_that_it_cannot_run(app: Flask, house: House) -> None:
    row = keep(house.agent, jpeg(), '车库 "B2".jpg')
    with app.test_request_context():
        whole = responses.send(row.id, actor=house.agent)
        small = responses.send_thumbnail(row.id, actor=house.agent)
        inline = responses.send_picture(row.id, actor=house.agent)
        words = responses.send_picture(keep(house.agent).id, actor=house.agent)
    for answer in (whole, small, inline, words):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert "public" not in answer.headers["Cache-Control"]
    disposition = whole.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert "%E8%BD%A6%E5%BA%93" in disposition
    assert words.headers["Content-Disposition"].startswith("attachment")
    assert inline.headers["Content-Disposition"] == "inline"
    with Image.open(io.BytesIO(small.get_data())) as picture:
        assert picture.size == (480, 320)


@pytest.fixture
def api_of(app: Flask, house: House):
    """A person's browser-less client with a token."""

    def make(actor: Actor) -> tuple[FlaskClient, dict[str, str]]:
        with transaction():
            _, token = create_token(actor.id, "test", ("ticket:read", "ticket:write"), actor=SYSTEM)
        client = app.test_client()
        client.environ_base["HTTP_HOST"] = f"{house.tenant.slug}.localhost"
        return client, {"Authorization": f"Bearer {token}"}

    return make


def send(client: FlaskClient, headers: dict[str, str], content: bytes, name: str):
    data = {"file": (io.BytesIO(content), name)}
    answer = client.post("/api/v1/attachments", data=data, headers=headers)
    answer.request.environ["wsgi.input"].close()
    return answer


def test_the_api_takes_and_gives_files(house: House, api_of) -> None:
    client, headers = api_of(house.agent)
    made = send(client, headers, jpeg(), "../../车库.JPG")
    assert made.status_code == 201, made.json
    assert (made.json["name"], made.json["media_type"]) == ("车库.jpg", "image/jpeg")
    assert (made.json["width"], made.json["ticket_id"]) == (900, None)
    fetched = client.get(made.json["url"], headers=headers)
    assert fetched.status_code == 200
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert client.get(f"/api/v1/attachments/{made.json['id']}", headers=headers).json == made.json
    small = client.get(f"/api/v1/attachments/{made.json['id']}/thumbnail", headers=headers)
    assert small.mimetype == "image/jpeg"
    stranger, his = api_of(house.colleague)
    for path in ("", "/content", "/thumbnail"):
        answer = stranger.get(f"/api/v1/attachments/{made.json['id']}{path}", headers=his)
        assert answer.status_code == 404
        assert client.get(f"/api/v1/attachments/{made.json['id']}{path}").status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (HTML, 422, "markup"),
        (b"", 422, "empty"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", 422, "heic"),
        (b"x" * (10 * 1024 * 1024 + 1), 413, ""),
    ],
)
def test_the_api_refuses_with_words_and_keeps_nothing(
    house: House, api_of, content: bytes, status: int, code: str
) -> None:
    client, headers = api_of(house.agent)
    answer = send(client, headers, content, "photo.jpg")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    told = answer.json.get("errors", [])
    assert [error["code"] for error in told] == ([f"attachments.error.{code}"] if code else [])
    assert all("photo.jpg" in error["detail"] for error in told)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0
    assert send(client, headers, b"words", "a.txt").status_code == 201


def test_the_api_wants_a_file(house: House, api_of) -> None:
    client, headers = api_of(house.agent)
    answer = client.post("/api/v1/attachments", data={"other": "x"}, headers=headers)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/file")
