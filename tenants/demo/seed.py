"""`polydesk demo`: seed four companies with ninety days of work, under a virtual clock."""

from __future__ import annotations

import gc
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext

from core.host import (
    Ticket,
    accounts,
    as_tenant,
    catalog,
    current_tenant,
    db,
    drain,
    enabled,
    find_tenant,
    is_postgresql,
    keep_rows,
    now,
    public_url,
    relay_tenant,
    run_until,
    schedule_jobs,
    tell,
    transaction,
    upgrade_database,
    virtual,
    write_heads,
)
from tenants.demo import people
from tenants.demo.plan import DAYS, make_plan, timeline
from tenants.demo.steps import carry_out, case_of
from tenants.demo.stories import SLUGS, company

if TYPE_CHECKING:
    from datetime import datetime

    from core.host import Tenant, VirtualClock
    from tenants.demo.plan import Matter
    from tenants.demo.stories import Company


def seed(*, tickets: int | None = None, slugs: tuple[str, ...] = SLUGS) -> dict[str, int]:
    """Make the companies that are missing; gives the number of tickets made for each.

    What a company holds is made in one transaction, so that a torn attempt leaves nothing behind
    and one that has people is complete.
    """
    present = now()
    gc.disable()  # nothing of a company is garbage before its transaction ends; looking for it costs a tenth
    try:
        made = {slug: _make(slug, present, tickets) for slug in slugs if not _is_made(slug)}
    finally:
        gc.enable()
    if made:
        drain()
        write_heads()
    return made


def _is_made(slug: str) -> bool:
    tenant = find_tenant(slug)
    if tenant is None:
        return False
    with as_tenant(tenant):
        return bool(accounts.list_users())


def _make(slug: str, present: datetime, tickets: int | None) -> int:
    told = company(slug)
    plan = make_plan(told, present, tickets=tickets)
    with virtual(present - timedelta(days=DAYS)) as clock, as_tenant(_tenant(told)):
        with transaction(), keep_rows():
            _live(told, plan, clock)
            run_until(clock, present)
            _let_plugins_tell(clock)
        relay_tenant()
        return db.session.scalar(sa.select(sa.func.count()).select_from(Ticket)) or 0


def _let_plugins_tell(clock: VirtualClock) -> None:
    """What the plugins that are on make of their own; then the clockwork of all jobs begins."""
    schedule_jobs("")
    for name in filter(enabled, catalog().plugins):
        tell(name, "seed_demo", tenant=current_tenant(), clock=clock)
        schedule_jobs(name)


def _tenant(told: Company) -> Tenant:
    """The company with its plugins on; they are offered from the next time it is entered."""
    found = find_tenant(told.slug)
    if found is None:
        with transaction():
            found = people.create(told)
    with as_tenant(found), transaction():
        people.switch_plugins_on(told)
    return find_tenant(told.slug) or found


def _live(told: Company, plan: list[Matter], clock: VirtualClock) -> None:
    """Everything that happens, step by step, with the timers that fall due in between."""
    house = people.settle(told)
    opened: dict[int, Ticket] = {}
    cases = [case_of(house, matter, opened) for matter in plan]
    for step in timeline(plan):
        run_until(clock, step.at, housekeeping=False)  # ninety sweeps of an empty house, saved
        carry_out(cases[step.ticket], step)


@click.command("demo")
@click.option("--serve", is_flag=True, help="Then serve, in the same process.")
@click.pass_context
@with_appcontext
def demo(context: click.Context, serve: bool) -> None:  # noqa: FBT001
    """Seed four companies with people, customers and tickets, and print who may sign in."""
    if _is_complete():
        click.echo("the demonstration is there already; nothing was added")
    else:
        if not is_postgresql():
            upgrade_database(current_app.extensions["polydesk_config"])
        for slug, count in seed().items():
            click.echo(f"{slug}: {count} tickets")
    _print_sign_ins()
    if serve:
        root: Any = context.find_root().command
        context.invoke(root.commands["serve"])


def _is_complete() -> bool:
    """Whether every company is made; a database without tables has none."""
    return sa.inspect(db.engine).has_table("tenant") and all(map(_is_made, SLUGS))


def _print_sign_ins() -> None:
    click.echo(f"\nEverybody's password is {people.PASSWORD}")
    for slug, found in groupby(people.sign_ins(), key=lambda each: each.slug):
        click.echo(f"\n{_address(slug)}")
        for each in found:
            click.echo(f"  {each.role:11} {each.mail:32} {each.name}, {each.title}")


def _address(slug: str) -> str:
    tenant = find_tenant(slug)
    if tenant is None:
        return slug
    with as_tenant(tenant):
        return public_url("/desk")
