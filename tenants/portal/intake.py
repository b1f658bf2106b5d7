"""A ticket type's intake form as the portal asks it: the declared fields, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.host import PointIn, definitions, enabled, tickets
from core.sdk import Field, Form, Problem, TicketType, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUBJECT_LENGTH = 60
OWN = "portal_"
SUBJECT, DESCRIPTION, FILES = "subject", "description", "files"
NAME, PHONE, MAIL = f"{OWN}name", f"{OWN}phone", f"{OWN}mail"
GROUP = "portal.submit.contact"
WHO = {
    "name": Field(NAME, "text", "portal.submit.name", required=True, maximum=100, group=GROUP),
    "phone": Field(
        PHONE, "phone", "portal.submit.phone", help="portal.submit.phone_help", group=GROUP
    ),
    "mail": Field(MAIL, "email", "portal.submit.mail", help="portal.submit.mail_help", group=GROUP),
}
WHAT = Field(
    DESCRIPTION,
    "long_text",
    "portal.submit.description",
    help="portal.submit.description_help",
    required=True,
    maximum=10_000,
)
PICTURES = Field(FILES, "files", "portal.submit.files", help="portal.submit.files_help", maximum=6)


@dataclass(frozen=True)
class Words:
    """What a ticket needs besides the declared answers."""

    subject: str
    description: str
    declared: dict[str, Any]
    attachment_ids: tuple[UUID, ...]


def portal_types() -> list[TicketType]:
    """The types that customers may open here, those of plugins that are on."""
    found = [definitions.get("ticket_type", name) for name in definitions.names("ticket_type")]
    return [kind for kind in found if kind.portal and _is_on(kind.name)]


def declared_form(kind: TicketType) -> Form:
    """The type's own intake form; an empty one when it has none."""
    if not kind.form:
        return Form("", kind.title, ())
    form: Form = definitions.get("form", kind.form)
    return form


def compose(kind: TicketType, *, known: bool) -> Form:
    """One form: the declared fields, words and pictures where they lack, and who it is unless that is known."""
    declared = declared_form(kind)
    fields = [field for field in declared.fields if field.audience == "all"]
    if not any(_tells_all(field) for field in fields):
        fields.insert(0, WHAT)
    asked = who_fields(fields)
    own = () if known else tuple(field for role, field in WHO.items() if role not in asked)
    if not any(field.kind == "files" for field in fields):
        # Pictures stand after what happened, before who it is.
        fields.insert(1 if own else len(fields), PICTURES)
    return replace(declared, fields=(*fields, *own), layout="one-column")


def who_fields(fields: Iterable[Field]) -> dict[str, str]:
    """Which fields ask who the customer is: role (name, phone, mail) to the field's name."""
    found: dict[str, str] = {}
    for field in fields:
        role = {"phone": "phone", "email": "mail"}.get(field.kind)
        if field.kind == "text" and field.name in {"name", NAME}:
            role = "name"
        if role:
            found.setdefault(role, field.name)
    return found


def words_of(
    kind: TicketType, form: Form, data: Mapping[str, Any], values: Mapping[str, Any]
) -> Words:
    """Subject, description, declared answers and files of a checked form."""
    declared = {field.name for field in declared_form(kind).fields}
    description = _description(form, values) or text(kind.title)
    subject = str(values.get(SUBJECT) or _first_line(description))
    files = [
        UUID(str(given))
        for field in form.fields
        if field.kind == "files"
        for given in values.get(field.name) or ()
    ]
    answers = {name: data[name] for name in values if name in declared and name in data}
    return Words(subject, description, answers, tuple(files))


def who(form: Form, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The customer's name and how he can be reached, as he said it."""
    said = {role: values.get(name) for role, name in who_fields(form.fields).items()}
    points = [PointIn(kind, str(said[kind])) for kind in ("phone", "mail") if said.get(kind)]
    return str(said.get("name") or ""), points


def missing_point(form: Form, values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """CP-02: a way to reach the customer belongs to every intake; one of the two is enough."""
    asked = who_fields(form.fields)
    names = [asked[role] for role in ("phone", "mail") if role in asked]
    if not names or any(values.get(name) for name in names):
        return ()
    return (Problem(field=names[0], message="portal.submit.error.point"),)


def _description(form: Form, values: Mapping[str, Any]) -> str:
    names = [field.name for field in form.fields if _tells_all(field)]
    return next((str(values[name]) for name in names if values.get(name)), "")


def _tells_all(field: Field) -> bool:
    """Whether the answer says what the matter is: a long text that must be there, or is called so."""
    return field.kind == "long_text" and (field.required or field.name == DESCRIPTION)


def _first_line(words: str) -> str:
    line = words.strip().splitlines()[0].strip()
    return line if len(line) <= SUBJECT_LENGTH else line[: SUBJECT_LENGTH - 1].rstrip() + "…"


def _is_on(name: str) -> bool:
    owner, dot, _ = name.partition(".")
    return enabled(owner) if dot else True


def open_for(
    actor: Any, kind: TicketType, words: Words, values: Mapping[str, Any], **more: Any
) -> Any:
    """Open the ticket as this customer."""
    new = tickets.NewTicket(
        type=kind.name,
        subject=words.subject,
        description=words.description,
        channel="web",
        category=str(values.get("category") or ""),
        priority=str(values.get("priority") or "normal"),
        form=words.declared,
        attachment_ids=words.attachment_ids,
        **more,
    )
    return tickets.open_ticket(new, actor=actor)
