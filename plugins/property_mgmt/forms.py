"""The forms of property management, as data: the repair report, and one per step of a work order."""

from __future__ import annotations

from core.sdk import Field, Form, Option

TRADES = ("water", "power", "heating", "gas", "damp", "doors", "lift", "shared", "other")
TRADE_ICONS = {
    "water": "droplet",
    "power": "bulb",
    "heating": "flame",
    "gas": "alert-triangle",
    "damp": "cloud",
    "doors": "key",
    "lift": "elevator",
    "shared": "building-community",
    "other": "tool",
}
CATEGORY_OF = {
    "water": "P-WATER",
    "power": "P-POWER",
    "heating": "P-HEAT",
    "gas": "P-GAS",
    "damp": "P-DAMP",
    "doors": "P-FACIL",
    "lift": "P-LIFT",
    "shared": "P-FACIL",
    "other": "P-FACIL",
}
WINDOWS = ("any", "morning", "afternoon", "evening")
PAYERS = ("company", "resident")
PRIORITIES = ("normal", "urgent", "critical")
ROLES = ("owner", "tenant", "family")
KINDS = ("home", "shop", "office", "parking")
STATUSES = ("occupied", "vacant", "let")
RATINGS = ("speed", "effect", "attitude")
GIVEN_BY = ("phone", "on_site", "messenger")
LONG = 4000


def _options(group: str, names: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(Option(name, f"property_mgmt.{group}.{name}") for name in names)


def _ask(name: str, kind: str, *, required: bool = True, **more: object) -> Field:
    title = f"property_mgmt.field.{name}"
    return Field(name, kind, title, required=required, **more)  # type: ignore[arg-type]


def _words(name: str, *, required: bool = True, **more: object) -> Field:
    return _ask(name, "long_text", required=required, maximum=LONG, **more)


def _form(name: str, *fields: Field) -> Form:
    return Form(f"property_mgmt.{name}", f"property_mgmt.form.{name}", fields)


TRADE = _ask("trade", "choice", options=_options("trade", TRADES))
FORMS = [
    _form(
        "repair",
        _ask("unit", "text", maximum=80, help="property_mgmt.help.unit"),
        TRADE,
        _words("description", help="property_mgmt.help.description"),
        _ask("location", "text", required=False, maximum=300, help="property_mgmt.help.location"),
        _ask("photos", "files", required=False, maximum=6, help="property_mgmt.help.photos"),
        _ask("visit_on", "date", required=False, group="property_mgmt.group.visit"),
        _ask(
            "visit_window", "choice", required=False,
            options=_options("window", WINDOWS), group="property_mgmt.group.visit",
        ),
        _ask("name", "text", maximum=200, personal=True, group="property_mgmt.group.contact"),
        _ask("phone", "phone", personal=True, group="property_mgmt.group.contact"),
    ),
    _form(
        "triage",
        TRADE,
        _ask("priority", "choice", options=_options("priority", PRIORITIES), default="normal"),
        _words("task", help="property_mgmt.help.task"),
    ),
    _form(
        "quote",
        _ask("amount", "money"),
        _ask("payer", "choice", options=_options("payer", PAYERS), default="company"),
        _words("said", required=False, help="property_mgmt.help.quote"),
    ),
    _form("approval", _words("said", required=False)),
    _form("reason", _words("said", help="property_mgmt.help.reason")),
    _form("reason_told", _words("said", help="property_mgmt.help.reason_told")),
    _form(
        "dispatch",
        _ask("contractor", "choice", source="property_mgmt.contractors"),
        _words("said", required=False, help="property_mgmt.help.dispatch"),
    ),
    _form(
        "wait_parts",
        _words("said", help="property_mgmt.help.parts"),
        _ask("until", "date", required=False),
    ),
    _form(
        "finish",
        _words("result", help="property_mgmt.help.result"),
        _words("parts", required=False),
        _ask("cost", "money", required=False, help="property_mgmt.help.cost"),
        _ask("photos", "files", required=False, maximum=6, help="property_mgmt.help.photos_after"),
    ),
    _form(
        "sign",
        _ask("signature", "signature", personal=True),
        _words("words", required=False),
    ),
    _form(
        "verify",
        _ask("given_by", "choice", options=_options("given_by", GIVEN_BY)),
        _words("said", help="property_mgmt.help.verify"),
    ),
    _form(
        "rating",
        *(
            _ask(
                name, "choice",
                options=tuple(Option(str(n), f"property_mgmt.score.{n}") for n in range(1, 6)),
            )
            for name in RATINGS
        ),
        _words("words", required=False),
    ),
    _form("reopen", _words("said", help="property_mgmt.help.reopen")),
]  # fmt: skip
