"""Who works at a company of the demonstration and whom it serves: made once, then asked for by role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from core.host import (
    OPERATOR,
    PointIn,
    accounts,
    catalog,
    contacts,
    links,
    organisations,
    passwords,
    team_book,
    unschedule_jobs,
)
from tenants import service
from tenants.demo.stories import SLUGS, company

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from core.host import Actor, Tenant
    from tenants.demo.stories import Company, Story

PASSWORD = "polydesk-demo"  # noqa: S105  the demonstration's, printed for everybody
DESKS = {"phone": "call", "web": "chat", "mail": "social", "visit": "after-sales"}
GRAVE = {1: "tier-3", 2: "tier-2"}


class SignIn(NamedTuple):
    """What a visitor needs to try a company as one of its people."""

    slug: str
    mail: str
    name: str
    role: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Somebody the company serves, as its tickets need him."""

    id: UUID
    organisation_id: UUID | None
    name: str
    phone: str
    mail: str


@dataclass(frozen=True, kw_only=True)
class House:
    """A company's people by what they do."""

    told: Company
    admin: Actor
    manager: Actor
    supervisors: tuple[Actor, ...]
    agents: dict[str, Actor]
    follower: Actor
    teams: dict[str, UUID]
    departments: dict[str, UUID]
    customers: tuple[Customer, ...]

    def desk_of(self, story: Story) -> str:
        """The team that a story comes to: by gravity, else by its channel."""
        if story.get("grade") in GRAVE:
            return GRAVE[story["grade"]]
        if story["channel"] == "chat":
            return ("chat", "social")[len(story["subject"]) % 2]
        return DESKS[story["channel"]]


def sign_ins() -> Iterator[SignIn]:
    """Every person who can sign in, company by company, admins first."""
    for slug in SLUGS:
        for person in company(slug).about["staff"]:
            yield SignIn(slug, person["mail"], person["name"], person["role"], person["title"])


def create(told: Company) -> Tenant:
    """Create the company itself; the rest happens inside it."""
    return service.create_tenant(
        told.slug, told.about["name"], locale=told.locale, timezone=told.timezone
    )


def switch_plugins_on(told: Company) -> None:
    """What is installed and serves every trade or this company's, for the current tenant; their clockwork rests."""
    for name, plugin in catalog().plugins.items():
        if not plugin.always_on and plugin.industry in {None, told.about["industry"]}:
            service.enable_plugin(name, actor=OPERATOR)
            unschedule_jobs(name)


def settle(told: Company) -> House:
    """Fill the current tenant with departments, teams, staff and customers."""
    accounts.prepare_tenant()
    unschedule_jobs("")
    departments = {
        row["code"]: team_book.create_department(row["code"], row["name"], actor=OPERATOR).id
        for row in told.about["departments"]
    }
    teams = {
        row["code"]: team_book.create_team(
            row["code"], row["name"], departments[row["department"]], actor=OPERATOR
        ).id
        for row in told.about["teams"]
    }
    # Hashed once: a salt of each one's own keeps nothing of a password that is printed for everybody.
    known = passwords.hash_password(PASSWORD)
    staff = [_hire(person, teams, known) for person in told.about["staff"]]
    return _house(told, staff, teams, departments)


def _hire(
    person: dict[str, Any], teams: dict[str, UUID], password_hash: str
) -> tuple[dict[str, Any], Actor]:
    user = accounts.create_user(
        person["mail"],
        person["name"],
        password_hash=password_hash,
        roles=(person["role"],),
        teams=[teams[code] for code in person["teams"]],
        actor=OPERATOR,
    )
    return person, accounts.actor_for(user)


def _house(
    told: Company,
    staff: list[tuple[dict[str, Any], Actor]],
    teams: dict[str, UUID],
    departments: dict[str, UUID],
) -> House:
    by_role: dict[str, list[Actor]] = {}
    agents: dict[str, Actor] = {}
    for person, actor in staff:
        by_role.setdefault(person["role"], []).append(actor)
        if person["role"] == "agent":
            agents.setdefault(person["teams"][0], actor)
    (admin,), (manager,) = by_role["admin"], by_role["manager"]
    return House(
        told=told,
        admin=admin,
        manager=manager,
        supervisors=tuple(by_role["supervisor"]),
        agents=agents,
        follower=by_role["agent"][-1],
        teams=teams,
        departments=departments,
        customers=tuple(_register_customers(told, admin)),
    )


def _register_customers(told: Company, actor: Actor) -> Iterator[Customer]:
    companies = {
        row["code"]: organisations.create_organisation(row["name"], actor=actor).id
        for row in told.about["organisations"]
    }
    for row in told.customers:
        points = [PointIn("phone", row["phone"]), PointIn("mail", row["mail"])]
        made = contacts.create_contact(
            row["name"], points=points, locale=told.locale, verified=True, actor=actor
        )
        belongs = companies.get(row.get("organisation", ""))
        if belongs:
            organisations.join_organisation(made.id, belongs, row["role"], actor=actor)
        yield Customer(
            id=made.id,
            organisation_id=belongs,
            name=row["name"],
            phone=row["phone"],
            mail=row["mail"],
        )


def speaks_as(customer: Customer, ticket_id: UUID | None = None) -> Actor:
    """The customer as he comes by the secret link of his ticket, or to open one."""
    contact = contacts.get_contact(customer.id)
    return links.contact_actor(contact, links.MATTER_GRANTS, ticket_id=ticket_id)
