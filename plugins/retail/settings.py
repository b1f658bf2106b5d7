"""What a tenant may set; every window has the law's days as its floor."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, validate

from core.sdk import settings
from plugins.retail.policy import Guarantee, Rules

DATA = Path(__file__).parent / "data"
EXCLUSIONS = ("custom", "fresh", "digital", "periodical", "intimate")


@lru_cache(maxsize=1)
def _shipped() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads((DATA / "guarantees.json").read_text(encoding="utf-8")))


def shipped_guarantees() -> list[dict[str, Any]]:
    """The Three Guarantees (三包, STD-05) as they ship."""
    return [dict(row) for row in _shipped()]


def _number(name: str, default: int, low: int, high: int, unit: str = "days") -> Any:
    return fields.Integer(
        load_default=default,
        strict=True,
        validate=validate.Range(low, high),
        metadata={
            "title": f"retail.setting.{name}",
            "help": f"retail.setting.{name}_help",
            "unit": f"retail.unit.{unit}",
        },
    )


def _days(name: str, default: int, low: int) -> Any:
    return fields.Integer(
        load_default=default,
        strict=True,
        validate=validate.Range(low, 3650),
        metadata={"title": f"retail.setting.{name}", "unit": "retail.unit.days"},
    )


class GuaranteeRow(Schema):
    """One row of the Three Guarantees; never shorter than the law."""

    category = fields.String(
        required=True,
        validate=validate.Length(1, 30),
        metadata={"title": "retail.setting.category"},
    )
    return_days = _days("return_days", 7, 7)
    exchange_days = _days("exchange_days", 15, 15)
    guarantee_days = _days("guarantee_days", 365, 90)
    repair_limit_days = _days("repair_limit_days", 30, 1)


class RetailSettings(Schema):
    """Windows, limits and points of a store."""

    online_days = _number("online_days", 7, 7, 365)
    store_days = _number("store_days", 7, 0, 365)
    bank_days = _number("bank_days", 15, 15, 365)
    exchange_days = _number("exchange_window_days", 15, 0, 365)
    credit_days = _number("credit_days", 30, 0, 365)
    auto_approve_limit = _number("auto_approve_limit", 0, 0, 10_000_000, "minor")
    arrival_days = _number("arrival_days", 7, 1, 60)
    expiry_days = _number("expiry_days", 14, 1, 90)
    points_per_unit = _number("points_per_unit", 1, 0, 100, "points")
    points_per_money = _number("points_per_money", 100, 1, 10_000, "points")
    points_months = _number("points_months", 12, 1, 120, "months")
    points_pending_days = _number("points_pending_days", 0, 0, 90)
    replacement_fee = _number("replacement_fee", 5000, 0, 1_000_000, "minor")
    household_strict = fields.Boolean(
        load_default=True,
        metadata={
            "title": "retail.setting.household_strict",
            "help": "retail.setting.household_strict_help",
        },
    )
    currency = fields.String(
        load_default="CNY",
        validate=validate.Regexp(r"^[A-Z]{3}$"),
        metadata={"title": "retail.setting.currency"},
    )
    guarantees = fields.List(
        fields.Nested(GuaranteeRow),
        load_default=shipped_guarantees,
        validate=validate.Length(max=60),
        metadata={
            "title": "retail.setting.guarantees",
            "help": "retail.setting.guarantees_help",
        },
    )


def rules() -> Rules:
    """The tenant's settings as the policy engine takes them."""
    told = settings("retail")
    names = ("online_days", "store_days", "bank_days", "exchange_days", "credit_days")
    return Rules(
        **{name: told[name] for name in names},
        excluded=frozenset(EXCLUSIONS),
        guarantees=tuple(Guarantee(**row) for row in told["guarantees"]),
    )
