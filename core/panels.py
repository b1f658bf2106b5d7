"""Boxes that plugins fill: each answers its own request, in a thread of its own, and is cut off after 3 seconds."""

from __future__ import annotations

import logging
import queue
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app

from core import i18n
from core.clock import monotonic
from core.contributions import Block
from core.db import clear_session, db, is_postgresql
from core.errors import Forbidden, NotFound
from core.plugins import catalog, enabled, note_failure, offered, switches
from core.tenancy import as_tenant, current_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from core.actors import Actor
    from core.contributions import Card, Panel

log = logging.getLogger(__name__)
BUDGET_SECONDS = 3.0
AT_ONCE = 4
_rooms: dict[str, threading.BoundedSemaphore] = defaultdict(
    lambda: threading.BoundedSemaphore(AT_ONCE)
)


# Rooms of core that bring boxes per tenant: each gives (owner, panel) pairs of the current one.
_sources: list[Callable[[], list[tuple[str, Panel]]]] = []


def offer_panels(source: Callable[[], list[tuple[str, Panel]]]) -> None:
    """Let a room of core above this floor bring boxes that are not in the Catalog; saying it twice is once."""
    if source not in _sources:
        _sources.append(source)


@dataclass(frozen=True)
class Drawn:
    """What a box came to: its blocks, or `failed` when it raised, gave nonsense, hung or found no free place."""

    blocks: tuple[Block, ...] = ()
    failed: bool = False


def panels(place: str, actor: Actor) -> list[Panel]:
    """Panels the actor may see at a "ticket" or "contact", in order; those of degraded plugins rest."""
    found = [
        p
        for name, p in offered("panel").items()
        if p.place == place and _awake("panel", name) and actor.can(p.permission)
    ]
    found += [p for _, p in _more() if p.place == place and actor.can(p.permission)]
    return sorted(found, key=lambda panel: (panel.order, panel.name))


def cards() -> list[Card]:
    """Cards of the portal's home, in order."""
    found = [card for name, card in offered("card").items() if _awake("card", name)]
    return sorted(found, key=lambda card: (card.order, card.name))


def _awake(kind: str, name: str) -> bool:
    return catalog().owner(kind, name) not in switches().degraded


def _more() -> list[tuple[str, Panel]]:
    return [pair for source in _sources for pair in source()]


def find_panel(name: str) -> tuple[str, Panel]:
    """The owner and the panel of that name, as far as it is on here; NotFound."""
    panel = catalog().shelf("panel").get(name)
    if panel is not None and enabled(catalog().owner("panel", name)):
        return catalog().owner("panel", name), panel
    for owner, other in _more():
        if other.name == name:
            return owner, other
    raise NotFound(f"no panel {name}")


def draw_panel(name: str, load: Callable[[], Any], actor: Actor) -> Drawn:
    """Blocks of the panel `name` for the subject that `load()` fetches (in the box's own session)."""
    owner, panel = find_panel(name)
    if not actor.can(panel.permission):
        raise Forbidden(panel.permission)
    return _within_budget(owner, name, lambda: panel.view(load(), actor))


def draw_card(name: str, actor: Actor) -> Drawn:
    """Blocks of the portal card `name`."""
    card = catalog().shelf("card").get(name)
    if card is None or not enabled(catalog().owner("card", name)):
        raise NotFound(f"no card {name}")
    return _within_budget(catalog().owner("card", name), name, lambda: card.view(actor))


def _within_budget(owner: str, name: str, view: Callable[[], Any]) -> Drawn:
    # What one tenant installed for itself starves nobody else's of the same name.
    room = _rooms[owner if owner in catalog().plugins else f"{owner}@{current_tenant().id}"]
    if not room.acquire(blocking=False):
        note_failure(owner, name, "all its places are taken")
        return Drawn(failed=True)
    answer: queue.Queue[Any] = queue.Queue(maxsize=1)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    work = _in_own_session(app, view)
    threading.Thread(target=_run, args=(work, room, answer), daemon=True).start()
    try:
        result = answer.get(timeout=BUDGET_SECONDS)
    except queue.Empty:
        result = TimeoutError(f"no answer within {BUDGET_SECONDS} s")
    if isinstance(result, list) and all(isinstance(block, Block) for block in result):
        return Drawn(blocks=tuple(result))
    log.warning("box %s failed: %r", name, result)
    note_failure(owner, name, repr(result))
    return Drawn(failed=True)


def _run(
    work: Callable[[], Any], room: threading.BoundedSemaphore, answer: queue.Queue[Any]
) -> None:
    try:
        answer.put(work())
    except Exception as error:  # noqa: BLE001  whatever it is, it is the plugin's and is counted
        answer.put(error)
    finally:
        room.release()


def _in_own_session(app: Flask, view: Callable[[], Any]) -> Callable[[], Any]:
    tenant, locale, zone = current_tenant(), i18n.current_locale(), i18n.current_timezone()

    def work() -> Any:
        with app.app_context(), as_tenant(tenant), i18n.use(locale, zone):
            stop = _limit_statements()
            try:
                return view()
            finally:
                stop()
                clear_session()

    return work


def _limit_statements() -> Callable[[], None]:
    """Let the database itself cut statements off at the budget, on this thread's connection."""
    connection = db.session.connection()
    if is_postgresql():
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(BUDGET_SECONDS * 1000)}")
        return lambda: None
    raw: Any = connection.connection.driver_connection
    deadline = monotonic() + BUDGET_SECONDS
    raw.set_progress_handler(lambda: monotonic() > deadline, 10_000)
    return lambda: raw.set_progress_handler(None, 0)
