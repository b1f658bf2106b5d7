"""What a tenant may set."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class ComplaintSettings(Schema):
    """Settings of the complaint procedure."""

    appeal_days = fields.Integer(
        load_default=15,
        strict=True,
        validate=validate.Range(1, 365),
        metadata={
            "title": "complaints.setting.appeal_days",
            "help": "complaints.setting.appeal_days_help",
            "unit": "complaints.unit.days",
        },
    )
    follow_up_hours = fields.Integer(
        load_default=24,
        strict=True,
        validate=validate.Range(1, 720),
        metadata={
            "title": "complaints.setting.follow_up_hours",
            "help": "complaints.setting.follow_up_hours_help",
            "unit": "complaints.unit.hours",
        },
    )
    silence_days = fields.Integer(
        load_default=7,
        strict=True,
        validate=validate.Range(1, 90),
        metadata={
            "title": "complaints.setting.silence_days",
            "help": "complaints.setting.silence_days_help",
            "unit": "complaints.unit.days",
        },
    )
    require_supervisor = fields.Boolean(
        load_default=True,
        metadata={
            "title": "complaints.setting.require_supervisor",
            "help": "complaints.setting.require_supervisor_help",
        },
    )
