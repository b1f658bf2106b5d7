"""What a tenant may set, and what the REST resources take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from core.sdk import UtcTime
from plugins.complaints.forms import GRADES
from plugins.complaints.rules import shipped
from plugins.complaints.workflow import STAGES

STATUSES = ("new", "open", "waiting", "resolved", "closed")


class TriageRule(Schema):
    """Words that suggest a grade; `name` is what staff are told when they match."""

    name = fields.String(
        required=True,
        validate=validate.Length(1, 60),
        metadata={"title": "complaints.setting.rule_name"},
    )
    grade = fields.String(
        required=True,
        validate=validate.OneOf(GRADES, [f"complaints.grade.{grade}" for grade in GRADES]),
        metadata={"title": "complaints.setting.rule_grade"},
    )
    words = fields.String(
        required=True,
        validate=validate.Length(1, 2000),
        metadata={"title": "complaints.setting.rule_words", "lines": True},
    )


class Channel(Schema):
    """A way to complain besides the portal and the telephone."""

    name = fields.String(
        required=True,
        validate=validate.Length(1, 60),
        metadata={"title": "complaints.setting.channel_name"},
    )
    address = fields.String(
        required=True,
        validate=validate.Length(1, 300),
        metadata={"title": "complaints.setting.channel_address"},
    )


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
    telephone = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={
            "title": "complaints.setting.telephone",
            "help": "complaints.setting.telephone_help",
        },
    )
    channels = fields.List(
        fields.Nested(Channel),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={
            "title": "complaints.setting.channels",
            "help": "complaints.setting.channels_help",
        },
    )
    triage = fields.List(
        fields.Nested(TriageRule),
        load_default=shipped,
        validate=validate.Length(max=100),
        metadata={"title": "complaints.setting.triage", "help": "complaints.setting.triage_help"},
    )


class CaseListQuery(Schema):
    """Which complaints; a status repeated means "one of"."""

    status = fields.List(
        fields.String(validate=validate.OneOf(STATUSES)), load_default=list(STATUSES)
    )
    stage = fields.String(
        load_default="", validate=validate.OneOf([stage.name for stage in STAGES])
    )
    cursor = fields.String(load_default="", validate=validate.Length(max=1000))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 100))


class CaseHead(Schema):
    """A complaint in a list; what nobody assessed yet is empty."""

    ticket_id = fields.UUID()
    number = fields.String(allow_none=True)
    state = fields.String()
    status = fields.String()
    stage = fields.String()
    grade = fields.String()
    safety = fields.Boolean(allow_none=True)
    complexity = fields.String()
    impact = fields.String()
    happened_at = UtcTime()
    received_at = UtcTime(allow_none=True)
    due_at = UtcTime(allow_none=True)
    sla_state = fields.String()
    opened_at = UtcTime()
    closed_at = UtcTime(allow_none=True)


class CaseList(Schema):
    """A page of complaints; `notice` names a plugin that could not say what it hides, so that nothing is shown."""

    items = fields.List(fields.Nested(CaseHead))
    next = fields.String(allow_none=True)
    notice = fields.String()


class JudgementOut(Schema):
    """The decision that counts: of the last round."""

    round = fields.Integer()
    finding = fields.String()
    founded_parts = fields.String()
    reason_sufficient = fields.Boolean()
    demand_reasonable = fields.Boolean()
    grounds = fields.String()
    appeal_path = fields.String()
    cause_group = fields.String()
    department_id = fields.UUID(allow_none=True)
    promised_at = UtcTime(allow_none=True)
    judged_by = fields.UUID(allow_none=True)
    judged_at = UtcTime()


class InvestigationOut(Schema):
    """The five answers; `responsible` is null for whoever may not read the internal register."""

    facts = fields.String()
    facts_true = fields.Boolean()
    purpose = fields.String()
    reason_sound = fields.Boolean()
    analysis = fields.String()
    demand_legitimate = fields.Boolean()
    cause_group = fields.String()
    cause = fields.String()
    responsible = fields.String(allow_none=True)
    investigated_by = fields.UUID(allow_none=True)
    investigated_at = UtcTime()


class MeasureOut(Schema):
    """One measure of a plan; `responsible` as in the investigation."""

    position = fields.Integer()
    measure = fields.String()
    department_id = fields.UUID(allow_none=True)
    responsible = fields.String(allow_none=True)
    due_at = UtcTime()
    done_at = UtcTime(allow_none=True)


class PlanOut(Schema):
    """A version of the plan; state is proposed, approved, returned, accepted or declined."""

    version = fields.Integer()
    state = fields.String()
    root_cause = fields.String()
    expected_result = fields.String()
    contact_points = fields.String()
    measures = fields.List(fields.Nested(MeasureOut))
    author_id = fields.UUID(allow_none=True)
    proposed_at = UtcTime()
    decided_by = fields.UUID(allow_none=True)
    decided_at = UtcTime(allow_none=True)
    decision_note = fields.String()
    answered_at = UtcTime(allow_none=True)
    answered_by_way_of = fields.String()
    customer_words = fields.String()


class ResultOut(Schema):
    """The last reported result; outcome is empty, confirmed or disputed. Its pictures hang on the message."""

    id = fields.UUID()
    round = fields.Integer()
    report = fields.String()
    message_id = fields.UUID()
    done_at = UtcTime()
    reported_by = fields.UUID(allow_none=True)
    reported_at = UtcTime()
    outcome = fields.String()
    answered_at = UtcTime(allow_none=True)
    customer_words = fields.String()


class SignatureOut(Schema):
    """The customer's signature: `sha256` is the hash of `facts` as JSON, UTF-8, keys sorted, no spaces."""

    result_id = fields.UUID()
    sha256 = fields.String()
    facts = fields.Dict(keys=fields.String())


class FollowUpOut(Schema):
    """The last follow-up; ratings are 1 to 5, null when not given."""

    channel = fields.String()
    reached = fields.Boolean()
    speed = fields.Integer(allow_none=True)
    effect = fields.Integer(allow_none=True)
    attitude = fields.Integer(allow_none=True)
    words = fields.String()
    improvement = fields.String()
    made_by = fields.UUID(allow_none=True)
    made_at = UtcTime()


class CaseOut(CaseHead):
    """A complaint with what each step kept; null for a step that was not taken."""

    immediate_action = fields.String()
    appealed_at = UtcTime(allow_none=True)
    appeal_reason = fields.String()
    judgement = fields.Nested(JudgementOut, allow_none=True)
    investigation = fields.Nested(InvestigationOut, allow_none=True)
    plans = fields.List(fields.Nested(PlanOut))
    result = fields.Nested(ResultOut, allow_none=True)
    signature = fields.Nested(SignatureOut, allow_none=True)
    follow_up = fields.Nested(FollowUpOut, allow_none=True)
