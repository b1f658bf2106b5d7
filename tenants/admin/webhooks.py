"""The webhooks page: addresses that are told of facts, their log, and sending once more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, request

from core.host import Invalid, NotFound, app_book, now, offered, problem_words, webhook_book
from core.sdk import page, text
from tenants.admin import shell
from tenants.admin.audit import event_words

if TYPE_CHECKING:
    from uuid import UUID

    from core.host import WebhookEndpoint
    from core.sdk import PolydeskError

blueprint = Blueprint(
    "console_webhooks", __name__, url_prefix="/console/webhooks", template_folder="templates"
)

ONE = "/<uuid:endpoint_id>"
SPANS = {
    "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7),
    "month": timedelta(days=30),
}  # fmt: skip
APP = "app:"
PINGED = "webhook.pinged"
FIRST = ("ticket", "message", "clock", "contact")


@blueprint.get("")
@page("webhook:write")
def listing() -> str:
    """Every address, those of apps too, and a form for a new one."""
    return _draw()


@blueprint.post("")
@page("webhook:write", redraw=lambda error: _draw(error, None))
def create() -> Any:
    """Register an address; its secret is shown this once."""
    row, secret = webhook_book.create_endpoint(**_sent(), actor=g.actor)
    return _draw(made={"title": row.title, "secret": secret}), 201


@blueprint.get(ONE)
@page("webhook:write")
def one(endpoint_id: UUID) -> str:
    """One address: its state, its log by pages, and what can be done."""
    return _draw_one(endpoint_id)


@blueprint.post(ONE)
@page("webhook:write", redraw=lambda error, endpoint_id: _draw_one(endpoint_id, error))
def update(endpoint_id: UUID) -> Any:
    """Change name, address and events."""
    _own(endpoint_id)
    webhook_book.edit_endpoint(endpoint_id, **_sent(), actor=g.actor)
    return _done("saved", endpoint_id)


@blueprint.post(f"{ONE}/enable")
@page("webhook:write")
def enable(endpoint_id: UUID) -> Any:
    """Tell it of facts again."""
    row = webhook_book.get_endpoint(endpoint_id)
    if row.owner and row.reason not in {"failing", "gone"}:
        raise NotFound("an app's address follows the app's switch")
    webhook_book.enable_endpoint(endpoint_id, actor=g.actor)
    return _done("enabled", endpoint_id)


@blueprint.post(f"{ONE}/disable")
@page("webhook:write")
def disable(endpoint_id: UUID) -> Any:
    """Tell it nothing more."""
    _own(endpoint_id)
    webhook_book.disable_endpoint(endpoint_id, actor=g.actor)
    return _done("disabled", endpoint_id)


@blueprint.post(f"{ONE}/ping")
@page("webhook:write", redraw=lambda error, endpoint_id: _draw_one(endpoint_id, error))
def ping(endpoint_id: UUID) -> Any:
    """Try whether it hears us."""
    webhook_book.ping(endpoint_id, actor=g.actor)
    return _done("pinged", endpoint_id)


@blueprint.post(f"{ONE}/rotate")
@page("webhook:write")
def rotate(endpoint_id: UUID) -> Any:
    """A new secret, shown this once; the old one signs too for a day."""
    _own(endpoint_id)
    return _draw_one(endpoint_id, secret=webhook_book.rotate_secret(endpoint_id, actor=g.actor))


@blueprint.post(f"{ONE}/remove")
@page("webhook:write")
def remove(endpoint_id: UUID) -> Any:
    """Take it away."""
    _own(endpoint_id)
    webhook_book.remove_endpoint(endpoint_id, actor=g.actor)
    return shell.done("console.webhooks.removed", "/console/webhooks")


@blueprint.post(f"{ONE}/replay")
@page("webhook:write", redraw=lambda error, endpoint_id: _draw_one(endpoint_id, error))
def replay(endpoint_id: UUID) -> Any:
    """Send one delivery once more, or everything that failed within a span of time."""
    if "delivery" in request.form:
        webhook_book.replay(endpoint_id, shell.given_id("delivery"), actor=g.actor)
        return _done("replayed", endpoint_id, count=1)
    span = SPANS.get(request.form.get("span", ""), SPANS["day"])
    count = webhook_book.replay_failed(endpoint_id, now() - span, actor=g.actor)
    return _done("replayed" if count else "nothing_failed", endpoint_id, count=count)


def _done(message: str, endpoint_id: UUID, **values: Any) -> Any:
    return shell.done(f"console.webhooks.{message}", f"/console/webhooks/{endpoint_id}", **values)


def _own(endpoint_id: UUID) -> WebhookEndpoint:
    """An address of the tenant's own: what an app brought changes with the app."""
    row = webhook_book.get_endpoint(endpoint_id)
    if row.owner:
        raise NotFound("this address belongs to an app")
    return row


def _sent() -> dict[str, Any]:
    return {
        "url": request.form.get("url", "").strip(),
        "title": request.form.get("title", "").strip(),
        "topics": request.form.getlist("events"),
    }


def _draw(error: PolydeskError | None = None, made: dict[str, str] | None = None) -> str:
    titles = {app.row.endpoint_id: text(app.manifest.title) for app in app_book.list_apps()}
    rows = [_row(row, titles.get(row.id, "")) for row in webhook_book.list_endpoints()]
    return shell.draw(
        "webhooks.html", "webhooks", rows=rows, made=made,
        **_typed(error, None),
    )  # fmt: skip


def _row(row: WebhookEndpoint, title: str = "") -> dict[str, Any]:
    return {
        "row": row,
        "title": title or row.title,
        "host": urlsplit(row.url).netloc,
        "app": row.owner.removeprefix(APP) if row.owner else "",
        "topics": [event_words(name) for name in row.events],
        "look": _look(row),
    }


def _look(row: WebhookEndpoint) -> tuple[str, str]:
    """(words, colour) of an address's state."""
    if row.state != "active":
        bad = row.reason in {"failing", "gone"}
        return text(f"console.webhooks.reason.{row.reason}"), "danger" if bad else ""
    if row.failures:
        return text("console.webhooks.failing", count=row.failures), "warn"
    return text("console.webhooks.well"), "ok"


def _typed(error: PolydeskError | None, row: WebhookEndpoint | None) -> dict[str, Any]:
    problems = _told(error) if error else []
    sent = error is not None and "url" in request.form
    typed = _sent() if sent else {"url": "", "title": "", "topics": []}
    if row is not None and not sent:
        typed = {"url": row.url, "title": row.title, "topics": row.events}
    return {
        "problems": problems,
        "errors": shell.errors_by_field(problems),
        "typed": typed,
        "groups": _topics(),
    }


def _told(error: PolydeskError) -> list[dict[str, str]]:
    if isinstance(error, Invalid):
        return [{"field": p.field, "words": problem_words(p)} for p in error.problems]
    return shell.told(error)


def _topics() -> list[tuple[str, list[tuple[str, str]]]]:
    """Topics by their first word, each with its meaning."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(offered("event")):
        if name != PINGED:
            groups.setdefault(name.partition(".")[0], []).append((name, event_words(name)))
    # What most people come for stands first.
    first = [name for name in FIRST if name in groups]
    return [(name, groups[name]) for name in dict.fromkeys([*first, *groups])]


def _draw_one(endpoint_id: UUID, error: PolydeskError | None = None, secret: str = "") -> str:
    row = webhook_book.get_endpoint(endpoint_id)
    app = app_book.get_app(row.owner.removeprefix(APP)) if row.owner else None
    found = _row(row, text(app.manifest.title) if app else "")
    failed = request.args.get("show") == "failed"
    cursor = request.args.get("cursor", "")
    log = webhook_book.attempts(row.id, cursor=cursor, failed=failed)
    states = webhook_book.delivery_states([line.delivery_id for line in log.items])
    base = f"/console/webhooks/{row.id}"
    kept = {"show": "failed"} if failed else {}
    return shell.draw(
        "webhook.html", "webhooks", found=found, endpoint=row, secret=secret, log=log.items,
        states=states, waiting=webhook_book.waiting(row.id), spans=list(SPANS), failed=failed,
        names={line.event_type: event_words(line.event_type) for line in log.items},
        tabs=[
            {"title": text(f"console.webhooks.show.{show}"), "current": failed is (show == "failed"),
             "url": base + ("?show=failed" if show == "failed" else "")}
            for show in ("all", "failed")
        ],
        first=base + (f"?{urlencode(kept)}" if kept else "") if cursor else "",
        following=f"{base}?{urlencode(kept | {'cursor': log.next})}" if log.next else "",
        **_typed(error, row),
    )  # fmt: skip
