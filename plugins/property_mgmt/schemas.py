"""What a tenant may set, and what the REST resources take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from core.sdk import UtcTime
from plugins.property_mgmt.forms import KINDS, ROLES, STATUSES, TRADES
from plugins.property_mgmt.workflow import ST_W

STATES = tuple(state.name for state in ST_W.states)
STANDARDS = ("cn", "none")


def _titled(group: str, names: tuple[str, ...]) -> validate.OneOf:
    return validate.OneOf(names, [f"property_mgmt.{group}.{name}" for name in names])


def _told(name: str, *, unit: str = "", lines: bool = False) -> dict[str, object]:
    said: dict[str, object] = {
        "title": f"property_mgmt.setting.{name}",
        "help": f"property_mgmt.setting.{name}_help",
    }
    if unit:
        said["unit"] = f"property_mgmt.unit.{unit}"
    if lines:
        said["lines"] = True
    return said


class PropertySettings(Schema):
    """Settings of property management."""

    complaint_standard = fields.String(
        load_default="cn",
        validate=_titled("standard_choice", STANDARDS),
        metadata=_told("complaint_standard"),
    )
    verify_hours = fields.Integer(
        load_default=72,
        strict=True,
        validate=validate.Range(1, 720),
        metadata=_told("verify_hours", unit="hours"),
    )
    reopen_days = fields.Integer(
        load_default=7,
        strict=True,
        validate=validate.Range(1, 90),
        metadata=_told("reopen_days", unit="days"),
    )
    approval_limit = fields.Integer(
        load_default=2000,
        strict=True,
        validate=validate.Range(0, 10_000_000),
        metadata=_told("approval_limit"),
    )
    tell_resident = fields.Boolean(load_default=True, metadata=_told("tell_resident"))
    hazard_words = fields.String(
        load_default=(
            "漏电, 冒火花, 燃气味, 煤气味, 爆管, 水漫, 困人, 着火, sparks, smell of gas, burst pipe, "
            "flooding, trapped, on fire"
        ),
        validate=validate.Length(max=2000),
        metadata=_told("hazard_words", lines=True),
    )


class Listed(Schema):
    """Where a list goes on."""

    cursor = fields.String(load_default="")
    limit = fields.Integer(load_default=50, strict=False, validate=validate.Range(1, 100))


class EstateIn(Schema):
    """An estate to be added."""

    code = fields.String(required=True, validate=validate.Regexp(r"[A-Za-z0-9]{1,12}\Z"))
    name = fields.String(required=True, validate=validate.Length(1, 120))
    address = fields.String(load_default="", validate=validate.Length(max=300))
    service_grade = fields.Integer(load_default=2, strict=True, validate=validate.Range(1, 3))
    manager_id = fields.UUID(load_default=None, allow_none=True)


class EstatePatch(Schema):
    """What may change of an estate."""

    name = fields.String(validate=validate.Length(1, 120))
    address = fields.String(validate=validate.Length(max=300))
    service_grade = fields.Integer(strict=True, validate=validate.Range(1, 3))
    manager_id = fields.UUID(allow_none=True)


class EstateOut(Schema):
    """An estate (小区)."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    address = fields.String()
    service_grade = fields.Integer()
    manager_id = fields.UUID(allow_none=True)
    version = fields.Integer()
    created_at = UtcTime()


class BuildingQuery(Listed):
    """Which buildings."""

    estate_id = fields.UUID(load_default=None)


class BuildingIn(Schema):
    """A building to be added to an estate."""

    estate_id = fields.UUID(required=True)
    code = fields.String(required=True, validate=validate.Regexp(r"[A-Za-z0-9]{1,12}\Z"))
    name = fields.String(required=True, validate=validate.Length(1, 120))
    floors = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 200)
    )


class BuildingPatch(Schema):
    """What may change of a building."""

    name = fields.String(validate=validate.Length(1, 120))
    floors = fields.Integer(allow_none=True, strict=True, validate=validate.Range(1, 200))


class BuildingOut(Schema):
    """A building (楼栋)."""

    id = fields.UUID()
    estate_id = fields.UUID()
    code = fields.String()
    name = fields.String()
    floors = fields.Integer(allow_none=True)
    version = fields.Integer()
    created_at = UtcTime()


class UnitQuery(Listed):
    """Which units; `code` finds the one of that number in the company."""

    estate_id = fields.UUID(load_default=None)
    building_id = fields.UUID(load_default=None)
    code = fields.String(load_default="")
    q = fields.String(load_default="", validate=validate.Length(max=100))
    kind = fields.String(load_default="", validate=validate.OneOf(("", *KINDS)))
    status = fields.String(load_default="", validate=validate.OneOf(("", *STATUSES)))


class UnitIn(Schema):
    """A unit to be added to a building; `area_cm2` is the floor area in square centimetres."""

    building_id = fields.UUID(required=True)
    number = fields.String(required=True, validate=validate.Length(1, 30))
    floor = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(-9, 200)
    )
    area_cm2 = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 10**9)
    )
    kind = fields.String(load_default="home", validate=validate.OneOf(KINDS))
    status = fields.String(load_default="occupied", validate=validate.OneOf(STATUSES))


class UnitPatch(Schema):
    """What may change of a unit."""

    floor = fields.Integer(allow_none=True, strict=True, validate=validate.Range(-9, 200))
    area_cm2 = fields.Integer(allow_none=True, strict=True, validate=validate.Range(1, 10**9))
    kind = fields.String(validate=validate.OneOf(KINDS))
    status = fields.String(validate=validate.OneOf(STATUSES))


class UnitOut(Schema):
    """A unit (房屋); `code` is its number in the whole company."""

    id = fields.UUID()
    building_id = fields.UUID()
    number = fields.String()
    code = fields.String()
    floor = fields.Integer(allow_none=True)
    area_cm2 = fields.Integer(allow_none=True)
    kind = fields.String()
    status = fields.String()
    version = fields.Integer()
    created_at = UtcTime()


class ResidentQuery(Listed):
    """Which residents; those who moved out only with `all`."""

    unit_id = fields.UUID(load_default=None)
    contact_id = fields.UUID(load_default=None)
    all = fields.Boolean(load_default=False)


class ResidentIn(Schema):
    """Somebody who moves in: a contact of ours."""

    unit_id = fields.UUID(required=True)
    contact_id = fields.UUID(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    moved_in = fields.Date(load_default=None, allow_none=True)
    vulnerable = fields.Boolean(load_default=False)


class ResidentPatch(Schema):
    """What may change of a resident; `moved_out` is the first day that he is gone."""

    role = fields.String(validate=validate.OneOf(ROLES))
    moved_out = fields.Date(allow_none=True)
    vulnerable = fields.Boolean()


class ResidentOut(Schema):
    """A resident (业主/住户) of a unit; the name and telephone are the contact's."""

    id = fields.UUID()
    unit_id = fields.UUID()
    contact_id = fields.UUID()
    role = fields.String()
    moved_in = fields.Date(allow_none=True)
    moved_out = fields.Date(allow_none=True)
    vulnerable = fields.Boolean()
    version = fields.Integer()
    created_at = UtcTime()


class OrderQuery(Listed):
    """Which work orders."""

    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))
    unit_id = fields.UUID(load_default=None)
    ticket_id = fields.UUID(load_default=None)
    contractor_id = fields.UUID(load_default=None)


class NewOrder(Schema):
    """A work order for a ticket."""

    ticket_id = fields.UUID(required=True)
    trade = fields.String(required=True, validate=validate.OneOf(TRADES))
    task = fields.String(required=True, validate=validate.Length(1, 4000))


class OrderMove(Schema):
    """A move of ST-W with the answers of its form; `version` is the one that was read."""

    name = fields.String(required=True, validate=validate.Length(1, 30))
    form = fields.Dict(keys=fields.String(), load_default=dict)
    version = fields.Integer(required=True, strict=True)


class MoneyOut(Schema):
    """An amount in minor units of its currency."""

    amount = fields.Integer()
    currency = fields.String()


class OrderOut(Schema):
    """A work order (维修工单); `number` is its ticket's number and its position there."""

    id = fields.UUID()
    number = fields.String()
    ticket_id = fields.UUID()
    unit_id = fields.UUID(allow_none=True)
    contractor_id = fields.UUID(allow_none=True)
    trade = fields.String()
    task = fields.String()
    state = fields.String()
    version = fields.Integer()
    quote = fields.Nested(MoneyOut, allow_none=True)
    cost = fields.Nested(MoneyOut, allow_none=True)
    payer = fields.String()
    result = fields.String()
    verified_how = fields.String()
    speed = fields.Integer(allow_none=True)
    effect = fields.Integer(allow_none=True)
    attitude = fields.Integer(allow_none=True)
    created_at = UtcTime()
    dispatched_at = UtcTime(allow_none=True)
    accepted_at = UtcTime(allow_none=True)
    arrived_at = UtcTime(allow_none=True)
    done_at = UtcTime(allow_none=True)
    verified_at = UtcTime(allow_none=True)
    moves = fields.List(fields.String())


def listed(item: type[Schema], name: str) -> type[Schema]:
    """The schema of a page of such items."""
    made = Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item)),
            "next": fields.String(allow_none=True),
        },
        name=name,
    )
    made.__doc__ = f"A page of them, each a {item.__name__}."
    return made


EstateList = listed(EstateOut, "EstateList")
BuildingList = listed(BuildingOut, "BuildingList")
UnitList = listed(UnitOut, "UnitList")
ResidentList = listed(ResidentOut, "ResidentList")
OrderList = listed(OrderOut, "OrderList")
