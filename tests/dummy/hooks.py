"""A plugin that fills every hook there is: the exam's model pupil, and by `mood` its worst."""

from __future__ import annotations

import time
from dataclasses import dataclass

import click
import sqlalchemy as sa
from flask import Blueprint, request
from flask_smorest import Blueprint as ApiBlueprint
from marshmallow import Schema, fields

from core.sdk import (
    CUSTOMER,
    PUBLIC,
    Block,
    Button,
    Calendar,
    Card,
    Condition,
    DataClass,
    Event,
    Field,
    Form,
    Guard,
    Handler,
    Invalid,
    Job,
    Metric,
    NavItem,
    Panel,
    Permission,
    Plugin,
    PortalPage,
    Problem,
    Report,
    SlaPolicy,
    State,
    Suggestion,
    Target,
    TicketType,
    Transition,
    Trigger,
    Workflow,
    endpoint,
    hookimpl,
    in_transaction,
    page,
)

plugin = Plugin("dummy", {"zh-CN": "样板", "en": "Dummy"}, version="1.0", icon="puzzle")


class Mood:
    """What a hook shall do next: "" behave, "raise", "wrong" (answer nonsense), "hang"."""

    hook = ""
    does = ""
    seen: list = []  # noqa: RUF012

    def __call__(self, hook, answer):
        self.seen.append(hook)
        if self.hook == hook and self.does == "raise":
            raise ValueError(f"{hook} in a bad mood")
        if self.hook == hook and self.does == "wrong":
            return 42
        if self.hook == hook and self.does == "hang":
            for _ in range(400):
                if self.does == "hang":
                    time.sleep(0.05)
        return answer


mood = Mood()


@dataclass(frozen=True, kw_only=True)
class Nodded(Event):
    """Somebody nodded."""

    type = "dummy.nodded"
    times: int = 1


pages = Blueprint("dummy_pages", __name__)
api = ApiBlueprint("dummy_api", __name__, url_prefix="/nods", description="Nods")


@pages.get("/hello")
@page("dummy.nod:read")
def hello():
    return "<h1>hello</h1>"


@api.get("/")
@endpoint("dummy.nod:read")
def nods():
    """List nods."""
    return {"items": [], "next": None}


def portal_view(actor):
    return "<h1>nod</h1>"


class Settings(Schema):
    greeting = fields.String(
        load_default="hi", metadata={"title": {"zh-CN": "问候", "en": "Greeting"}}
    )
    key = fields.String(
        load_default="", metadata={"title": {"zh-CN": "密钥", "en": "Key"}, "secret": True}
    )
    times = fields.Integer(load_default=1, metadata={"title": {"zh-CN": "次数", "en": "Times"}})


ALL_DAY = ((("00:00", "24:00"),),) * 7
TITLE = {"zh-CN": "点头", "en": "Nod"}


@hookimpl
def register_blueprints():
    return mood("register_blueprints", [pages])


@hookimpl
def register_api():
    return mood("register_api", [api])


def count_nods(actor, nods):
    if request.method == "POST":
        with_form = request.form.get("more", "")
        if not with_form.isdecimal():
            raise Invalid(Problem(field="more", message="dummy.no"))
        return f"{nods + int(with_form)} nods, {in_transaction()}"
    return f"{nods} nods, {in_transaction()}"


@hookimpl
def register_portal_pages():
    return mood(
        "register_portal_pages",
        [
            PortalPage("nod", TITLE, portal_view, PUBLIC, tile="check"),
            PortalPage(
                "nods/<int:nods>",
                TITLE,
                count_nods,
                PUBLIC,
                methods=("GET", "POST"),
                redraw=lambda error, nods: f"again {nods}",
            ),
            PortalPage("mine", TITLE, lambda actor: f"mine {actor.kind}", CUSTOMER),
        ],
    )


@hookimpl
def register_permissions():
    return mood("register_permissions", [Permission("dummy.nod:read", TITLE, {"admin": "all"})])


@hookimpl
def register_ticket_types():
    return mood(
        "register_ticket_types",
        [TicketType("dummy.nod", TITLE, "dummy.nod", "dummy.nod", prefix="ND")],
    )


@hookimpl
def register_workflows():
    states = (State("up", TITLE, "new"), State("down", TITLE, "closed"))
    ways = (Transition("nod", TITLE, ("up",), "down", guards=("dummy.awake",)),)
    return mood("register_workflows", [Workflow("dummy.nod", TITLE, "up", states, ways)])


@hookimpl
def register_forms():
    return mood("register_forms", [Form("dummy.nod", TITLE, (Field("why", "text", TITLE),))])


@hookimpl
def register_calendars():
    return mood("register_calendars", [Calendar("dummy.always", TITLE, ALL_DAY)])


@hookimpl
def register_metrics():
    metric = Metric("dummy.nod", TITLE, (Trigger("ticket.opened"),), (Trigger("dummy.nodded"),))
    return mood("register_metrics", [metric])


@hookimpl
def register_sla_policies():
    when = {"field": "type", "is": "dummy.nod"}
    return mood(
        "register_sla_policies",
        [
            SlaPolicy(
                "dummy.nod", TITLE, "dummy.always", (Target("dummy.nod", 60),), when=when, order=1
            )
        ],
    )


@hookimpl
def register_events():
    return mood("register_events", [Nodded])


def handle(event):
    mood("handler", None)


@hookimpl
def register_handlers():
    return mood("register_handlers", [Handler("dummy.count", Nodded, handle, retry=(1,))])


def work(run):
    run.result["nods"] = run.payload.get("nods", 0) + 1


@hookimpl
def register_jobs():
    return mood("register_jobs", [Job("dummy.work", TITLE, work, cron="0 4 * * *")])


def report_query(ticket_id):
    return {"words": "A B C"}


@hookimpl
def register_reports():
    return mood(
        "register_reports",
        [Report("dummy.slip", TITLE, report_query, "dummy/slip.html", "matter:read")],
    )


@hookimpl
def register_settings():
    return mood("register_settings", [Settings])


def awake(subject, answers, actor):
    return mood("guard", [])


@hookimpl
def register_guards():
    return mood("register_guards", [Guard("dummy.awake", awake)])


@hookimpl
def register_conditions():
    return mood("register_conditions", [Condition("dummy.odd", (), lambda facts: True)])


def panel_view(subject, actor):
    return mood("panel", [Block("text", value="nodded")])


@hookimpl
def register_panels():
    return mood(
        "register_panels",
        [
            Panel("dummy.nods", "ticket", TITLE, panel_view, "dummy.nod:read"),
            Panel("dummy.person", "contact", TITLE, panel_view, "dummy.nod:read"),
            Panel("dummy.matter", "matter", TITLE, panel_view, "matter:read"),
        ],
    )


def card_view(actor):
    return mood("card", [Block("text", value="nodded")])


@hookimpl
def register_portal_cards():
    return mood("register_portal_cards", [Card("dummy.card", TITLE, card_view)])


@hookimpl
def register_data_classes():
    return mood("register_data_classes", [DataClass("dummy.nothing", TITLE, ())])


@click.command("nod")
def nod_command():
    """Nod."""
    click.echo("nod")


@hookimpl
def register_commands(cli):
    cli.add_command(nod_command)


@hookimpl
def resolve_tenant(request):
    return mood("resolve_tenant", None)


@hookimpl
def authenticate(request):
    return mood("authenticate", None)


@hookimpl
def visible_tickets(actor):
    return mood("visible_tickets", [sa.true()])


@hookimpl
def validate_ticket(ticket, changes, actor):
    if changes.get("subject") == "nod not":
        return [Problem(field="subject", message="dummy.no")]
    return mood("validate_ticket", [])


@hookimpl
def classify_ticket(ticket):
    return mood("classify_ticket", [Suggestion("category", "nodding", 0.5, TITLE)])


@hookimpl
def choose_sla(ticket):
    return mood("choose_sla", None)


@hookimpl
def choose_assignee(ticket):
    return mood("choose_assignee", None)


@hookimpl
def nav_items(actor):
    return mood("nav_items", [NavItem(TITLE, "/x/dummy/hello")])


@hookimpl
def ticket_actions(ticket, actor):
    return mood("ticket_actions", [Button(TITLE, "/x/dummy/hello", "dummy.nod:read")])


@hookimpl
def on_enable(tenant):
    return mood("on_enable", None)


@hookimpl
def on_disable(tenant):
    return mood("on_disable", None)


@hookimpl
def on_upgrade(tenant, old_version):
    return mood("on_upgrade", None)


@hookimpl
def seed_demo(tenant, clock):
    return mood("seed_demo", None)


@hookimpl
def export_person(contact):
    return mood("export_person", {})


@hookimpl
def erase_person(contact):
    return mood("erase_person", None)
