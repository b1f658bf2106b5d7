"""What a manifest may hold: strict, each mistake with words that help."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, fields, validates_schema

from core import egress
from core.forms.kinds import Line, wrong
from core.i18n import LOCALES
from core.plugins import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
FIELD_KINDS = (
    "text", "long_text", "number", "date", "datetime", "boolean", "choice", "choices", "phone",
    "email",
)  # fmt: skip
MOST_PANELS, MOST_ACTIONS, MOST_FIELDS, MOST_SCOPES = 5, 10, 20, 50
CUSTOMERS = "matter:"
SAID: dict[str, Any] = {
    "required": "apps.manifest.required",
    "null": "apps.manifest.required",
    "invalid": "apps.manifest.invalid",
    "type": "apps.manifest.object",
    "too_large": "apps.manifest.invalid",
    "special": "apps.manifest.invalid",
}


class _Strict(Schema):
    """Nothing unknown; what is not said is filled in."""

    error_messages = {  # noqa: RUF012  marshmallow's own name
        "unknown": "apps.manifest.unknown",
        "type": "apps.manifest.object",
    }

    class Meta:
        unknown = RAISE

    def handle_error(self, error: ValidationError, data: Any, **kwargs: Any) -> None:
        """Say what was perhaps meant by an unknown name."""
        if not isinstance(error.messages, dict):
            return
        for name, messages in error.messages.items():
            if messages == ["apps.manifest.unknown"]:
                likely = difflib.get_close_matches(str(name), self.fields, n=1)
                if likely:
                    error.messages[name] = wrong("apps.manifest.meant", meant=likely[0]).messages


class _Line(Line):
    """One line of text within its length."""

    def __init__(self, longest: int, pattern: str = "", **kwargs: Any) -> None:
        super().__init__(1, longest, pattern, lines=False, error_messages=SAID, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            if isinstance(value, str) and 0 < len(value) <= self.longest and self.pattern:
                raise wrong("apps.manifest.pattern") from error
            raise wrong("apps.manifest.text", longest=self.longest) from error


class _Words(fields.Field[dict[str, str]]):
    """The same words in every language of the house."""

    def __init__(self, longest: int, **kwargs: Any) -> None:
        super().__init__(error_messages=SAID, **kwargs)
        self.line = _Line(longest)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, str]:
        if not isinstance(value, dict) or set(value) != set(LOCALES):
            raise wrong("apps.manifest.words", locales=", ".join(LOCALES))
        return {
            locale: str(self.line.deserialize(words, attr, data, **kwargs))
            for locale, words in value.items()
        }


class _Name(fields.Field[str]):
    """A short plain name: small letters, digits and underscores."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(error_messages=SAID, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or not NAME.fullmatch(value):
            raise wrong("apps.manifest.name")
        return value


class _Declared(fields.Field[str]):
    """A name that somebody declared to the Catalog: a permission, a topic."""

    def __init__(self, shelf: str, **kwargs: Any) -> None:
        super().__init__(error_messages=SAID, **kwargs)
        self.shelf = shelf

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        known = [name for name in catalog().shelf(self.shelf) if not name.startswith(CUSTOMERS)]
        if isinstance(value, str) and value in known:
            return value
        likely = difflib.get_close_matches(str(value), known, n=1)
        if likely:
            raise wrong("apps.manifest.meant", meant=likely[0])
        raise wrong(f"apps.manifest.{self.shelf}")


class _BaseUrl(fields.Field[str]):
    """Where the app answers: what the egress client would ask, without query."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(error_messages=SAID, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or "?" in value or "#" in value:
            raise wrong("apps.manifest.base_url")
        try:
            egress.check(value)
        except egress.EgressRefused as refused:
            raise wrong(f"webhooks.problem.url.{refused.data['reason']}") from refused
        return value


def _icon() -> _Line:
    return _Line(40, r"[a-z0-9-]+", load_default="puzzle")


def _number(default: int | None = None) -> fields.Float:
    return fields.Float(load_default=default, allow_none=True, error_messages=SAID)


class _List(fields.List[Any]):
    """A list of limited length."""

    def __init__(self, inner: Any, most: int, **kwargs: Any) -> None:
        super().__init__(inner, error_messages=SAID | {"invalid": "apps.manifest.list"}, **kwargs)
        self.most = most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > self.most:
            raise wrong("apps.manifest.many", most=self.most)
        return super()._deserialize(value, attr, data, **kwargs)


class _Option(_Strict):
    value = _Line(60, required=True)
    title = _Words(120, required=True)


class _Field(_Strict):
    """A question: of the settings, or before an action."""

    name = _Name(required=True)
    kind = _Line(20, required=True)
    title = _Words(120, required=True)
    help = _Words(300, load_default="")
    required = fields.Boolean(load_default=False, error_messages=SAID, truthy={True}, falsy={False})
    minimum = _number()
    maximum = _number()
    unit = _Words(20, load_default="")
    default = fields.Raw(load_default=None, allow_none=True)
    options = _List(fields.Nested(_Option, error_messages=SAID), 50, load_default=list)

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        """A kind that apps may ask, a default that is plain."""
        if data["kind"] not in FIELD_KINDS:
            raise wrong_at("kind", "apps.manifest.kind", kinds=", ".join(FIELD_KINDS))
        if not isinstance(data["default"], str | int | bool | None):
            raise wrong_at("default", "apps.manifest.invalid")


class _Panel(_Strict):
    name = _Name(required=True)
    title = _Words(60, required=True)
    icon = _icon()
    order = fields.Integer(load_default=100, strict=True, error_messages=SAID)


class _Action(_Strict):
    name = _Name(required=True)
    title = _Words(60, required=True)
    icon = _icon()
    help = _Words(300, load_default="")
    asks = _List(
        fields.Nested(_Field, error_messages=SAID),
        MOST_FIELDS,
        load_default=list,
        data_key="fields",
    )


class ManifestSchema(_Strict):
    """The whole manifest."""

    manifest = fields.Integer(required=True, strict=True, error_messages=SAID)
    name = _Name(required=True)
    version = _Line(20, r"[0-9A-Za-z.+-]+", required=True)
    title = _Words(60, required=True)
    summary = _Words(300, required=True)
    publisher = _Line(80, required=True)
    icon = _icon()
    base_url = _BaseUrl(required=True)
    scopes = _List(_Declared("permission"), MOST_SCOPES, required=True)
    events = _List(_Declared("event"), 100, load_default=list)
    panels = _List(fields.Nested(_Panel, error_messages=SAID), MOST_PANELS, load_default=list)
    actions = _List(fields.Nested(_Action, error_messages=SAID), MOST_ACTIONS, load_default=list)
    settings = _List(fields.Nested(_Field, error_messages=SAID), MOST_FIELDS, load_default=list)
    redirect_uris = _List(_Line(2000), 10, load_default=list)

    @validates_schema
    def agrees(self, data: dict[str, Any], **_: Any) -> None:
        """What is shown and told needs its permission, and no name stands twice."""
        if data["manifest"] != 1:
            raise wrong_at("manifest", "apps.manifest.generation")
        if not data["scopes"]:
            raise wrong_at("scopes", "apps.manifest.no_scope")
        if data["events"] and "event:read" not in data["scopes"]:
            raise wrong_at("events", "apps.manifest.needs", scope="event:read")
        for name in ("panels", "actions"):
            if data[name] and "ticket:read" not in data["scopes"]:
                raise wrong_at(name, "apps.manifest.needs", scope="ticket:read")
            names = [each["name"] for each in data[name]]
            if len(set(names)) < len(names):
                raise wrong_at(name, "apps.manifest.same_name")

    @classmethod
    def plain(cls, body: dict[str, Any]) -> dict[str, Any]:
        """An accepted body with its defaults filled in, without asking the Catalog again."""
        return _filled(cls(), body)


def _filled(schema: Schema, body: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for attribute, field in schema.fields.items():
        default = field.load_default
        name = field.data_key or attribute
        value = body.get(name, default() if callable(default) else default)
        inner = field.inner if isinstance(field, fields.List) else None
        if isinstance(inner, fields.Nested) and isinstance(value, list):
            value = [_filled(inner.schema, each) for each in value]
        told[name] = value
    return told


def wrong_at(name: str, message: str, **values: Any) -> ValidationError:
    """The error for one field of a schema."""
    return ValidationError({name: wrong(message, **values).messages})
