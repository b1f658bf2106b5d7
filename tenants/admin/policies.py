"""The SLA page: ordered policies, what each promises and why, and a test with a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from core.host import (
    NotFound,
    catalog,
    definitions,
    offered,
    read_form,
    sla_policies,
    tickets,
    to_body,
)
from core.sdk import Invalid, Problem, SlaPolicy, page, text
from tenants.admin import shell
from tenants.admin.policy_form import (
    CHANNELS,
    FACTS,
    NEW,
    PRIORITIES,
    answers_of,
    conditions_of,
    in_units,
    policy_form,
    policy_of,
)

if TYPE_CHECKING:
    from core.sdk import Target

blueprint = Blueprint(
    "console_policies", __name__, url_prefix="/console/sla", template_folder="templates"
)

KIND = "policy"
LOOKED_AT = (
    "type", "type_version", "priority", "channel", "request_class", "category", "phase",
    "language", "state", "status", "team_id", "department_id", "organisation_id", "contact_id",
)  # fmt: skip


@blueprint.get("")
@page("sla:write")
def listing() -> str:
    """The policies in their order; with a ticket in the address, what it would get."""
    return shell.draw(
        "policies.html", "sla", policies=[_row(each) for each in sla_policies.list_policies()],
        tested=_test(), asked=request.args, types=list(offered("ticket_type").values()),
        priorities=PRIORITIES, channels=CHANNELS,
    )  # fmt: skip


@blueprint.post("/order")
@page("sla:write")
def reorder() -> Any:
    """Move a policy one place up or down; the first that fits counts."""
    names = [each.name for each in sla_policies.list_policies()]
    moved = request.form.get("name", "")
    if moved not in names:
        raise Invalid(Problem(field="name", message="console.sla.no_such"))
    place = names.index(moved)
    to = place + (1 if request.form.get("way") == "down" else -1)
    if 0 <= to < len(names):
        names[place], names[to] = names[to], names[place]
        sla_policies.reorder(names, actor=g.actor)
    return shell.done("console.sla.reordered", "/console/sla")


@blueprint.get("/new")
@page("sla:write")
def new() -> str:
    """The form for another policy."""
    return _draw_form("", NEW)


@blueprint.post("/new")
@page("sla:write", redraw=lambda error: _draw_form("", NEW, error))
def create() -> Any:
    """Keep another policy of the tenant's own."""
    name = shell.own_name()
    _keep(name, NEW)
    return shell.done("console.sla.created", f"/console/sla/{name}")


@blueprint.get("/<name>")
@page("sla:write")
def detail(name: str) -> str:
    """One policy, to be edited."""
    return _draw_form(name, definitions.get(KIND, name))


@blueprint.post("/<name>")
@page(
    "sla:write",
    redraw=lambda error, name: _draw_form(name, definitions.get(KIND, name), error),
)
def update(name: str) -> Any:
    """Keep the policy as a new version, which the next tickets run on."""
    _keep(name, definitions.get(KIND, name), seen=request.form.get("version", ""))
    return shell.done("console.sla.saved", f"/console/sla/{name}")


@blueprint.post("/<name>/declared")
@page("sla:write")
def take_declared(name: str) -> Any:
    """Go back to the policy as it was shipped."""
    if name not in catalog().shelf(KIND):
        raise NotFound
    definitions.take_declared(KIND, name, actor=g.actor)
    return shell.done("console.sla.restored", f"/console/sla/{name}")


def _keep(name: str, old: SlaPolicy, *, seen: str | None = None) -> None:
    answers = read_form(policy_form(old), request.form, audience="internal")
    if answers.problems:
        raise Invalid(*answers.problems)
    policy = policy_of(name, answers.values, old)
    if policy != old:
        sla_policies.edit_policy(name, to_body(policy), actor=g.actor, seen=seen)


def _draw_form(name: str, policy: SlaPolicy, error: Any = None) -> str:
    form = policy_form(policy)
    shown = read_form(form, request.form, audience="internal").data if error else answers_of(policy)
    return shell.draw(
        "policy.html", "sla", policy=policy, name=name, form_of=form, shown=shown,
        **shell.refusal(error),
        version=definitions.current_version(KIND, name) if name else "",
        history=definitions.history(KIND, name) if name else [],
        shipped=name in catalog().shelf(KIND), fixed=conditions_of(policy.when) is None,
        when=words_of(policy),
    )  # fmt: skip


def _row(named: Any) -> dict[str, Any]:
    policy: SlaPolicy = named.value
    return {
        "name": named.name,
        "title": text(policy.title),
        "reason": text(policy.reason),
        "when": words_of(policy),
        "calendar": _calendar_title(policy.calendar),
        "order": policy.order,
        "edited": named.edited,
        "targets": [promise(policy, target) for target in policy.targets],
    }


def words_of(policy: SlaPolicy) -> str:
    """For which tickets a policy holds, in words."""
    told = conditions_of(policy.when)
    if told is None:
        return text("console.sla.special")
    if not told:
        return text("console.sla.every_ticket")
    names = {name: field for field, name in FACTS.items()}
    parts = [
        text(
            "console.sla.part",
            what=text(f"console.sla.{name}"),
            values=_listed(names[name], values),
        )
        for name, values in told.items()
    ]
    return text("console.sla.joint").join(parts)


def _listed(field: str, values: list[str]) -> str:
    return text("console.list").join(_value(field, value) for value in values)


def _value(field: str, value: str) -> str:
    if field == "type":
        types = catalog().shelf("ticket_type")
        return text(types[value].title) if value in types else value
    return text(f"console.{'class' if field == 'request_class' else field}.{value}")


def _calendar_title(name: str) -> str:
    found = definitions.all_current("calendar")
    return text(found[name].title) if name in found else name


def promise(policy: SlaPolicy, target: Target) -> dict[str, Any]:
    """A target in words: metric, duration, whom it is for, by which calendar."""
    metrics = catalog().shelf("metric")
    amount, unit = in_units(target.seconds)
    told = conditions_of(target.when)
    only = [_listed(field, told[name]) for field, name in FACTS.items() if told and name in told]
    return {
        "metric": text(metrics[target.metric].title) if target.metric in metrics else target.metric,
        "duration": text(f"console.amount.{unit}", count=amount),
        "only": text("console.list").join(only)
        if told is not None
        else text("console.sla.special"),
        "calendar": _calendar_title(target.calendar or policy.calendar),
    }


def _test() -> dict[str, Any] | None:
    """What a ticket would get: a real one by its number, or one with the facts of the address."""
    facts = _tried()
    if facts is None:
        return {"missing": True} if request.args.get("number") else None
    found = sla_policies.preview(facts)
    return {
        "policy": text(found.title) if found.policy else "",
        "name": found.policy,
        "because": text(f"console.sla.by.{found.chosen_by}") if found.chosen_by else "",
        "reason": text(found.reason),
        "promises": [_promised(each) for each in found.promises],
    }


def _promised(each: Any) -> dict[str, Any]:
    amount, unit = in_units(each.seconds)
    return {
        "metric": text(each.title),
        "duration": text(f"console.amount.{unit}", count=amount),
        "due": each.due_at,
        "calendar": _calendar_title(each.calendar),
    }


def _tried() -> dict[str, Any] | None:
    number, kind = request.args.get("number", ""), request.args.get("type", "")
    if number:
        try:
            ticket = tickets.find_by_number(number, actor=g.actor)
        except NotFound:
            return None
        return {name: getattr(ticket, name) for name in LOOKED_AT}
    if kind not in offered("ticket_type"):
        return None
    return {
        "type": kind,
        "priority": request.args.get("priority", "normal"),
        "channel": request.args.get("channel", "web"),
        "request_class": definitions.get("ticket_type", kind).request_class,
    }
