"""The manifest: one JSON text that says who an app is, what it may, what it is told of and what it shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError

from core.apps.lines import lines_of, nearest_line
from core.apps.manifest_schema import ManifestSchema
from core.declarations import Field, Form, Option
from core.forms.checks import check_form
from core.forms.kinds import Message
from core.web import JSON_DEPTH, JSON_LIMIT

Words = dict[str, str]


@dataclass(frozen=True)
class Finding:
    """One mistake: the line of the text (from 1), the path of the value, a message id and what fills its blanks."""

    line: int
    path: str
    message: str
    values: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class AppPanel:
    """A box at the ticket, asked of the app by POST <base_url>/panels/<name>."""

    name: str
    title: Words
    icon: str
    order: int


@dataclass(frozen=True)
class AppAction:
    """An action at the ticket: the form that is asked first, then POST <base_url>/actions/<name>."""

    name: str
    title: Words
    icon: str
    help: Words
    fields: tuple[Field, ...]

    def form(self, app: str) -> Form:
        """What is asked before it runs."""
        return Form(f"{app}.{self.name}", self.title, self.fields)


@dataclass(frozen=True)
class Manifest:
    """An accepted manifest; `body` is the JSON it was read from, as it is stored."""

    name: str
    version: str
    title: Words
    summary: Words
    publisher: str
    icon: str
    base_url: str
    scopes: tuple[str, ...]
    events: tuple[str, ...]
    panels: tuple[AppPanel, ...]
    actions: tuple[AppAction, ...]
    settings: tuple[Field, ...]
    redirect_uris: tuple[str, ...]
    body: dict[str, Any]

    def settings_form(self) -> Form | None:
        """The settings as a form; None when it has none."""
        return Form(f"{self.name}.settings", self.title, self.settings) if self.settings else None

    def action(self, name: str) -> AppAction | None:
        """The action of that name."""
        return next((action for action in self.actions if action.name == name), None)


@dataclass(frozen=True)
class Checked:
    """What a text came to: a manifest, or what stands against it, in the order of its lines."""

    manifest: Manifest | None
    findings: tuple[Finding, ...] = ()


def check(text: str) -> Checked:
    """Read and check a manifest without asking anybody: its permissions and topics must be this installation's."""
    if len(text.encode(errors="replace")) > JSON_LIMIT:
        return _refused("apps.manifest.large", kilobytes=JSON_LIMIT // 1024)
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        words = error.msg[:1].lower() + error.msg[1:]
        finding = Finding(
            error.lineno, "", "apps.manifest.json", (("column", error.colno), ("words", words))
        )
        return Checked(None, (finding,))
    except RecursionError:
        return _refused("apps.manifest.deep", levels=JSON_DEPTH)
    lines, twice = lines_of(text)
    if max(path.count(".") for path in lines) >= JSON_DEPTH:
        return _refused("apps.manifest.deep", levels=JSON_DEPTH)
    mistakes = [*((path, "apps.manifest.twice") for path in twice), *_mistakes(body)]
    found = [
        Finding(nearest_line(lines, path), path, str(words), (("path", path), *_values(words)))
        for path, words in mistakes
    ]
    if found:
        return Checked(None, tuple(sorted(found, key=lambda each: (each.line, each.path))))
    return Checked(read(body))


def read(body: dict[str, Any]) -> Manifest:
    """The manifest of a body that was accepted before, also when a permission it names is gone by now."""
    told = ManifestSchema.plain(body)
    return Manifest(
        name=told["name"],
        version=told["version"],
        title=told["title"],
        summary=told["summary"],
        publisher=told["publisher"],
        icon=told["icon"],
        base_url=told["base_url"].rstrip("/"),
        scopes=tuple(dict.fromkeys(told["scopes"])),
        events=tuple(dict.fromkeys(told["events"])),
        panels=tuple(
            AppPanel(each["name"], each["title"], each["icon"], each["order"])
            for each in told["panels"]
        ),
        actions=tuple(
            AppAction(
                each["name"], each["title"], each["icon"], each["help"], _fields(each["fields"])
            )
            for each in told["actions"]
        ),
        settings=_fields(told["settings"]),
        redirect_uris=tuple(told["redirect_uris"]),
        body=body,
    )


def _fields(told: list[dict[str, Any]]) -> tuple[Field, ...]:
    return tuple(
        Field(
            each["name"], each["kind"], each["title"], help=each["help"],
            required=each["required"], minimum=each["minimum"], maximum=each["maximum"],
            default=each["default"], unit=each["unit"],
            options=tuple(Option(option["value"], option["title"]) for option in each["options"]),
        )
        for each in told
    )  # fmt: skip


def _mistakes(body: Any) -> list[tuple[str, str]]:
    """(path, message) of everything that does not fit."""
    if not isinstance(body, dict):
        return [("", "apps.manifest.object")]
    schema: Schema = ManifestSchema()
    try:
        schema.load(body)
    except ValidationError as error:
        return list(_flat(error.messages, ""))
    manifest = read(body)
    forms = [("settings", manifest.settings)]
    forms += [(f"actions.{i}.fields", action.fields) for i, action in enumerate(manifest.actions)]
    return [
        (
            f"{where}.{_position(fields, problem.field)}",
            Message(problem.message, **dict(problem.values)),
        )
        for where, fields in forms
        for problem in check_form(Form("app.form", "", fields))
    ]


def _position(fields: tuple[Field, ...], path: str) -> int:
    names = [field.name for field in fields]
    name = path.partition(".")[0]
    return names.index(name) if name in names else 0


def _flat(messages: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(messages, dict):
        return [
            each
            for key, inner in messages.items()
            for each in _flat(inner, path if key == "_schema" else _join(path, str(key)))
        ]
    return [(path, message) for message in messages]


def _join(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def _values(words: str) -> tuple[tuple[str, Any], ...]:
    return tuple(words.values.items()) if isinstance(words, Message) else ()


def _refused(message: str, **values: Any) -> Checked:
    return Checked(None, (Finding(1, "", message, tuple(values.items())),))
