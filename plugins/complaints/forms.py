"""The forms of the procedure, as data: intake, judgement, investigation, plan, result, signature, follow-up."""

from __future__ import annotations

from core.sdk import Field, Form, Option

FINDINGS = ("founded", "partly")
CAUSE_GROUPS = ("seller", "customer", "product")
GRADES = ("critical", "serious", "general", "minor")
LEVELS = ("low", "medium", "high")
WAYS = ("portal", "phone", "messenger", "on_site", "mail")
FOLLOW_UP_CHANNELS = ("phone", "messenger", "visit", "survey")
RATINGS = ("speed", "effect", "attitude")
LONG = 10_000


def _options(group: str, names: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(Option(name, f"complaints.{group}.{name}") for name in names)


def _ask(name: str, kind: str, *, required: bool = True, **more: object) -> Field:
    title = f"complaints.field.{name}"
    return Field(name, kind, title, required=required, **more)  # type: ignore[arg-type]


def _words(name: str, *, required: bool = True, **more: object) -> Field:
    return _ask(name, "long_text", required=required, maximum=LONG, **more)


def _form(name: str, *fields: Field) -> Form:
    return Form(f"complaints.{name}", f"complaints.form.{name}", fields)


_WAY = _ask("given_by", "choice", options=_options("way", WAYS[1:]), audience="internal")
_CAUSE = _ask("cause_group", "choice", options=_options("cause", CAUSE_GROUPS))
_MEASURES = (
    _ask("measure", "long_text", maximum=2000),
    _ask("department", "department", required=False),
    _ask("responsible", "text", audience="internal", personal=True),
    _ask("due_at", "datetime"),
)

FORMS = [
    _form(
        "intake",
        _words("description", help="complaints.help.description", error="complaints.error.content"),
        _ask("happened_at", "datetime", default="now"),
        _ask("location", "text", required=False, personal=True),
        _words("wishes", required=False, help="complaints.help.wishes"),
        _ask("files", "files", required=False, maximum=10),
        _ask("name", "text", personal=True, group="complaints.group.contact"),
        _ask("phone", "phone", personal=True, group="complaints.group.contact"),
        _ask("mail", "email", required=False, personal=True, group="complaints.group.contact"),
    ),
    _form(
        "assessment",
        _ask("grade", "choice", options=_options("grade", GRADES)),
        _words("grade_reason", required=False, help="complaints.help.grade_reason"),
        _ask("safety", "boolean", help="complaints.help.safety"),
        _ask("complexity", "choice", options=_options("level", LEVELS)),
        _ask("impact", "choice", options=_options("level", LEVELS)),
        _ask("immediate", "boolean"),
        _words("immediate_action", visible_when={"field": "immediate", "is": True}),
        _ask("about", "user", required=False, audience="internal", help="complaints.help.about"),
    ),
    _form(
        "judgement",
        _ask("finding", "choice", options=_options("finding", FINDINGS)),
        _words("founded_parts", visible_when={"field": "finding", "is": "partly"}),
        _ask("reason_sufficient", "boolean"),
        _ask("demand_reasonable", "boolean"),
        _words("grounds"),
        _ask("department", "department"),
        _ask("promised_at", "datetime", help="complaints.help.promised_at"),
    ),
    _form(
        "rejection",
        _ask("reason_sufficient", "boolean"),
        _ask("demand_reasonable", "boolean"),
        _words("grounds", help="complaints.help.grounds_told"),
        _words("appeal_path", help="complaints.help.appeal_path"),
        _CAUSE,
    ),
    _form(
        "investigation",
        _words("facts", help="complaints.help.facts"),
        _ask("facts_true", "boolean"),
        _words("purpose"),
        _ask("reason_sound", "boolean"),
        _words("analysis"),
        _ask("demand_legitimate", "boolean"),
        _CAUSE,
        _words("cause"),
        _ask("evidence", "files", required=False, maximum=10, audience="internal"),
        _ask(
            "responsible", "text", audience="internal", personal=True, help="complaints.help.responsible"
        ),
    ),
    _form(
        "plan",
        _words("root_cause"),
        _ask("measures", "rows", fields=_MEASURES, minimum=1, maximum=30),
        _words("contact_points", help="complaints.help.contact_points"),
        _words("expected_result", required=False),
    ),
    _form("approval", _words("note", help="complaints.help.approval")),
    _form("return", _words("note", help="complaints.help.return")),
    _form("acceptance", _WAY, _words("words", required=False)),
    _form("refusal", _WAY, _words("words", help="complaints.help.refusal")),
    _form(
        "result",
        _words("report"),
        _ask("pictures", "files", required=False, maximum=10),
        _ask("done_at", "datetime", default="now"),
    ),
    _form(
        "confirmation",
        _WAY,
        _words("words", required=False),
        _ask("signature", "signature", personal=True),
    ),
    _form("dispute", _WAY, _words("words", help="complaints.help.dispute")),
    _form(
        "follow_up",
        _ask("channel", "choice", options=_options("follow_up_channel", FOLLOW_UP_CHANNELS)),
        _ask("reached", "boolean"),
        *(
            _ask(
                name,
                "choice",
                options=tuple(Option(str(score), f"complaints.score.{score}") for score in range(1, 6)),
                visible_when={"field": "reached", "is": True},
            )
            for name in RATINGS
        ),
        _words("words", required=False),
        _words("improvement", required=False),
    ),
    _form("appeal", _WAY, _words("words", help="complaints.help.appeal")),
    _form("appeal_decision", _words("grounds", help="complaints.help.grounds_told")),
]  # fmt: skip
