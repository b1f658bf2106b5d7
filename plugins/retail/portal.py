"""The customer's side: start a return by receipt and telephone, see what is allowed and why, and one's card."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import redirect, request

from core.sdk import (
    CUSTOMER,
    PUBLIC,
    Block,
    Card,
    Invalid,
    NotFound,
    PointIn,
    PortalPage,
    Problem,
    contact_actor,
    contact_for_unverified_point,
    get_contact,
    link_token_of,
    make_token,
    new_form_key,
    now,
    once,
    portal_page,
    principal_of,
    read_token,
    spend_throttle,
    store_file,
    text,
    throttle_key,
    throttle_range,
    write_message,
)
from plugins.retail import members, policy, rmas, sales, statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.sdk import Actor, PolydeskError
    from plugins.retail.models import Sale

START, CARD = "/p/retail/return", "/p/retail/card"
PURPOSE = "retail.return"
TRIES, REQUESTS, HOUR = 20, 10, 3600
SOON = timedelta(days=30)
MOST_FILES = 6


# --- step 1: which receipt ------------------------------------------------------------------------


def start(_actor: Actor) -> Any:
    """Receipt number and telephone; wrong in either reads the same."""
    if request.method == "GET":
        return _draw_start()
    number, phone = _given("number"), _given("phone")
    problems = [
        Problem(field=name, message=f"retail.error.{name}_missing")
        for name, value in (("number", number), ("phone", phone))
        if not value
    ]
    if problems:
        raise Invalid(*problems)
    spend_throttle(throttle_range("retail-return", request.remote_addr or ""), TRIES, HOUR)
    spend_throttle(throttle_key("retail-receipt", number.upper()), TRIES, HOUR)
    try:
        sale = sales.sale_of_customer(number, phone)
    except NotFound:
        raise Invalid(Problem(field="number", message="retail.error.receipt_unknown")) from None
    return redirect(f"{START}/{make_token(PURPOSE, sale.id)}", 303)


def start_again(error: PolydeskError) -> str:
    """The two questions with what was typed."""
    return _draw_start(problems=_told(error), number=_given("number"), phone=_given("phone"))


def _draw_start(**values: Any) -> str:
    empty = {"problems": (), "number": request.args.get("number", "")[:40], "phone": ""}
    return portal_page(
        "retail/start.html",
        **{"page_title": text("retail.portal.title"), "step": 1, **empty, **values},
    )


# --- step 2: what, and why ------------------------------------------------------------------------


def goods(_actor: Actor, token: str) -> str:
    """The lines of the receipt, the reason, the condition; asked by GET, it shows what is allowed."""
    sale = _sale(token)
    asked = request.args
    if "reason" not in asked:
        return _draw_goods(sale, token, ())
    try:
        wish = _wish(sale, asked)
        verdict = rmas.check(sale, wish)
    except Invalid as error:
        return _draw_goods(sale, token, _told(error))
    return _draw_remedies(sale, token, wish, verdict, ())


def _draw_goods(sale: Sale, token: str, problems: Any) -> str:
    asked = request.args
    left = sales.left_of(sale.id)
    return portal_page(
        "retail/goods.html",
        page_title=text("retail.portal.goods_title"),
        step=2,
        sale=sale,
        base=f"{START}/{token}",
        lines=[
            {"line": line, "left": left[line.id], "count": asked.get(f"count-{line.id}", "")}
            for line in sales.lines_of(sale.id)
        ],
        reasons=policy.REASONS,
        conditions=policy.CONDITIONS,
        reason=asked.get("reason", ""),
        condition=asked.get("condition", "intact"),
        failed_repairs=asked.get("failed_repairs", ""),
        problems=problems,
    )


def _wish(sale: Sale, asked: Mapping[str, str]) -> rmas.Wish:
    lines = []
    for line in sales.lines_of(sale.id):
        count = _count(asked.get(f"count-{line.id}", ""))
        if count:
            lines.append((line.id, count))
    return rmas.Wish(
        lines=tuple(lines),
        reason=asked.get("reason", ""),
        condition=asked.get("condition", "intact"),
        failed_repairs=_count(asked.get("failed_repairs", "")),
        remedy=asked.get("remedy", ""),
        words=asked.get("words", "").strip()[:2000],
    )


def _count(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0  # noqa: PLR2004


# --- step 3: which remedy, photos, and who --------------------------------------------------------


def send(actor: Actor, token: str) -> Any:
    """Open the return; the customer reads on by his secret link."""
    sale = _sale(token)
    wish = _wish(sale, request.form)
    key = request.form.get("form_key", "")
    spend_throttle(throttle_range("retail-request", request.remote_addr or ""), REQUESTS, HOUR)
    files = _files(actor, key)
    rma_id = once(
        lambda: _open(sale, wish, actor, (files, key)),
        principal=principal_of(actor),
        route="retail.portal.return",
        key=key,
        body=[str(sale.id), wish.reason, wish.remedy, wish.words, [str(i) for i, _ in wish.lines]],
    )
    rma = rmas.rma_by_id(rma_id)
    return redirect(f"/track/{link_token_of(rma.ticket_id)}/receipt", 303)


def send_again(error: PolydeskError, token: str) -> str:
    """The remedies with what was typed."""
    sale = _sale(token)
    wish = _wish(sale, request.form)
    try:
        verdict = rmas.check(sale, wish)
    except Invalid as other:
        return _draw_goods(sale, token, _told(other))
    return _draw_remedies(sale, token, wish, verdict, _told(error))


def _files(actor: Actor, key: str) -> tuple[UUID, ...]:
    given = [file for file in request.files.getlist("photos") if file.filename]
    if len(given) > MOST_FILES:
        values = (("limit", MOST_FILES),)
        raise Invalid(Problem(field="photos", message="retail.error.photos", values=values))
    return tuple(store_file(file, actor=actor, form_key=key).id for file in given)


def _open(sale: Sale, wish: rmas.Wish, actor: Actor, uploads: tuple[tuple[UUID, ...], str]) -> UUID:
    contact = _contact(sale, actor)
    customer = contact_actor(contact, {})
    rma = rmas.request(sale.id, wish, actor=customer, contact_id=contact.id, channel="web")
    files, key = uploads
    if files:
        words = text("retail.portal.photos_words", count=len(files))
        ticket = rmas.ticket_of(rma)
        write_message(
            ticket, words, actor=customer, visibility="public", purpose="reply",
            attachment_ids=files, form_key=key,
        )  # fmt: skip
    return rma.id


def _contact(sale: Sale, actor: Actor) -> Any:
    """Who is signed in, else the unverified contact of the receipt's telephone."""
    if actor.kind == "contact" and actor.id is not None:
        return get_contact(actor.id)
    name, mail = _given("name"), _given("mail")
    if not name:
        raise Invalid(Problem(field="name", message="retail.error.name_missing"))
    wanted = [PointIn("phone", sale.phone)]
    if mail:
        wanted.append(PointIn("mail", mail))
    try:
        return contact_for_unverified_point(name, wanted, actor=actor)
    except Invalid:
        raise Invalid(Problem(field="mail", message="retail.error.mail")) from None


def _draw_remedies(
    sale: Sale, token: str, wish: rmas.Wish, verdict: policy.Verdict, problems: Any
) -> str:
    known = request.form.get("form_key", "") or new_form_key()
    lines = {line.id: line for line in sales.lines_of(sale.id)}
    back = {f"count-{line_id}": count for line_id, count in wish.lines} | {
        "reason": wish.reason,
        "condition": wish.condition,
    }
    return portal_page(
        "retail/remedies.html",
        page_title=text("retail.portal.remedies_title"),
        step=3,
        sale=sale,
        base=f"{START}/{token}",
        back=f"{START}/{token}?{urlencode({'again': 1})}",
        hidden=back | {"failed_repairs": wish.failed_repairs},
        chosen=[(lines[line_id].name, count) for line_id, count in wish.lines],
        wish=wish,
        offers=[
            {"offer": offer, "why": rmas.why(offer), "left": _days_left(offer)}
            for offer in verdict.offers
        ],
        first=next(iter(verdict.allowed), ""),
        problems=problems,
        form_key=known,
        name=_given("name"),
        mail=_given("mail"),
    )


def _days_left(offer: policy.Offer) -> int | None:
    if offer.until is None:
        return None
    return (offer.until - rmas.today()).days


# --- the customer's card --------------------------------------------------------------------------


def my_card(actor: Actor) -> str:
    """Card, points, what expires soon, and the history."""
    member = members.member_of_contact(actor.id) if actor.id else None
    values: dict[str, Any] = {"member": member, "page_title": text("retail.card.title")}
    if member is not None:
        values |= {
            "card": members.working_card(member.id),
            "balance": statements.balance_of(member.id),
            "expiring": statements.expiring(member.id, until=now() + SOON),
            "history": statements.history(member.id),
            "sales": sales.sales_of_member(member.id, limit=5),
        }
    return portal_page("retail/card.html", **values)


def card(actor: Actor) -> list[Block]:
    """The home's box: my points, or the way to a return."""
    member = members.member_of_contact(actor.id) if actor.kind == "contact" and actor.id else None
    if member is None:
        return [
            Block("text", value=text("retail.portal.card_words")),
            Block("link", label="retail.portal.title", url=START),
            Block("link", label="retail.card.title", url=CARD),
        ]
    balance = statements.balance_of(member.id)
    rows = (
        ("retail.field.card", member.number),
        ("retail.card.points", f"{balance.active:,}"),
    )
    return [Block("rows", items=rows), Block("link", label="retail.card.more", url=CARD)]


# --- parts ----------------------------------------------------------------------------------------


def _sale(token: str) -> Sale:
    return sales.get_sale(read_token(PURPOSE, token))


def _given(name: str) -> str:
    return request.form.get(name, "").strip()[:200]


def _told(error: PolydeskError) -> list[dict[str, str]]:
    if isinstance(error, Invalid):
        return [
            {"field": p.field.removeprefix("form."), "words": text(p.message, **dict(p.values))}
            for p in error.problems
        ]
    return [{"field": "", "words": text(f"problem.{error.code}.detail", **error.data)}]


PAGES = [
    PortalPage(
        "return", "retail.portal.title", start, PUBLIC, methods=("GET", "POST"), redraw=start_again
    ),
    PortalPage("return/<token>", "retail.portal.title", goods, PUBLIC),
    PortalPage(
        "return/<token>/send", "retail.portal.title", send, PUBLIC,
        methods=("POST",), redraw=send_again,
    ),
    PortalPage("card", "retail.card.title", my_card, CUSTOMER, tile="heart"),
]  # fmt: skip
CARDS = [Card("retail.card", "retail.card.box", card, icon="heart")]
