"""A plugin with every fault that the exam looks for, but for those that stop the start."""

from __future__ import annotations

import random

from marshmallow import Schema, fields, post_load

from core.sdk import (
    SYSTEM,
    Handler,
    Job,
    NewTicket,
    Panel,
    Permission,
    Plugin,
    TicketOpened,
    get_ticket,
    hookimpl,
    open_ticket,
)

plugin = Plugin("bad", {"zh-CN": "坏", "en": "Bad"})
TITLE = {"zh-CN": "事", "en": "Thing"}


class Settings(Schema):
    """A number that never is what was saved."""

    number = fields.Integer(load_default=1)

    @post_load
    def drift(self, data, **_more):
        return {name: value + 1 for name, value in data.items()}


def more(*_given, **_named):
    """One more ticket, whenever it is asked."""
    new = NewTicket(type="question", subject=f"More {random.random()}", description="!")  # noqa: S311
    open_ticket(new, actor=SYSTEM)


def more_about(event):
    """A handler's fault: whenever it is asked, if only about the exam's own ticket."""
    if get_ticket(event.subject_id, actor=SYSTEM).subject == "Exam":
        more()


def breaks(_run):
    raise ValueError("broken")


@hookimpl
def register_permissions():
    return [Permission("bad.thing:read", "bad.untitled", {"admin": "all"})]


@hookimpl
def register_settings():
    return [Settings]


@hookimpl
def register_panels():
    return [
        Panel("bad.nothing", "ticket", TITLE, lambda ticket, actor: [ticket.id], "bad.thing:read")
    ]


@hookimpl
def register_jobs():
    return [Job("bad.break", TITLE, breaks, cron="0 4 * * *")]


@hookimpl
def register_handlers():
    return [Handler("bad.twice", TicketOpened, more_about)]


@hookimpl
def seed_demo(tenant, clock):
    more()


@hookimpl
def export_person(contact):
    raise LookupError(contact.id)
