"""What a tenant may set: silence, rules, what customers are told, and what is promised."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from plugins.logistics.forms import SERVICES

KINDS = (
    "silent", "silent_long", "failed_twice", "pickup_missed", "customs_stuck", "overdue",
    "reported", "not_received", "intercept",
)  # fmt: skip
SCOPES = ("city", "domestic", "abroad")
PROMISES = (
    ("express", "city", 24), ("express", "domestic", 48), ("standard", "city", 36),
    ("standard", "domestic", 72), ("freight", "city", 48), ("freight", "domestic", 120),
    ("cold", "city", 12), ("cold", "domestic", 36), ("international", "abroad", 240),
)  # fmt: skip


def _titled(name: str, unit: str = "") -> dict[str, str]:
    told = {"title": f"logistics.setting.{name}", "help": f"logistics.setting.{name}_help"}
    return told | ({"unit": f"logistics.unit.{unit}"} if unit else {})


def _hours(name: str, usual: int, most: int = 720) -> fields.Integer:
    return fields.Integer(
        load_default=usual,
        strict=True,
        validate=validate.Range(1, most),
        metadata=_titled(name, "hours"),
    )


class Promise(Schema):
    """How long a service takes from acceptance to delivery on a kind of route."""

    service = fields.String(
        required=True,
        validate=validate.OneOf(SERVICES, [f"logistics.service.{name}" for name in SERVICES]),
        metadata={"title": "logistics.setting.promise_service"},
    )
    scope = fields.String(
        required=True,
        validate=validate.OneOf(SCOPES, [f"logistics.scope.{name}" for name in SCOPES]),
        metadata={"title": "logistics.setting.promise_scope"},
    )
    hours = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, 2000),
        metadata={"title": "logistics.setting.promise_hours", "unit": "logistics.unit.hours"},
    )


def shipped_promises() -> list[dict[str, object]]:
    """The promises that ship."""
    return [{"service": one, "scope": scope, "hours": hours} for one, scope, hours in PROMISES]


def _kinds_field(name: str, usual: tuple[str, ...]) -> fields.List[str]:
    return fields.List(
        fields.String(
            validate=validate.OneOf(KINDS, [f"logistics.kind_of.{kind}" for kind in KINDS])
        ),
        load_default=lambda: list(usual),
        validate=validate.Length(max=len(KINDS)),
        metadata=_titled(name),
    )


class LogisticsSettings(Schema):
    """Settings of the logistics plugin; carriers with their keys and status maps have pages of their own."""

    silence_hours = _hours("silence_hours", 24)
    silence_urgent_hours = _hours("silence_urgent_hours", 48)
    customs_hours = _hours("customs_hours", 72)
    overdue_city_days = fields.Integer(
        load_default=3, strict=True, validate=validate.Range(1, 60), metadata=_titled("overdue_city_days", "days")
    )  # fmt: skip
    overdue_far_days = fields.Integer(
        load_default=7, strict=True, validate=validate.Range(1, 60), metadata=_titled("overdue_far_days", "days")
    )  # fmt: skip
    poll_minutes = fields.Integer(
        load_default=30, strict=True, validate=validate.Range(30, 1440), metadata=_titled("poll_minutes", "minutes")
    )  # fmt: skip
    kinds = _kinds_field("kinds", KINDS)
    tell_customer = _kinds_field("tell_customer", KINDS)
    cut_off = fields.String(
        load_default="18:00",
        validate=validate.Regexp(r"([01]\d|2[0-3]):[0-5]\d", error="logistics.error.time_of_day"),
        metadata=_titled("cut_off"),
    )
    promises = fields.List(
        fields.Nested(Promise),
        load_default=shipped_promises,
        validate=validate.Length(max=60),
        metadata=_titled("promises"),
    )
    portal_carrier = fields.String(
        load_default="", validate=validate.Length(max=30), metadata=_titled("portal_carrier")
    )
