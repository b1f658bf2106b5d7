"""Named checks of the ways: nobody decides his own case, money goes back the way it came, UnionPay comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.sdk import Guard, Problem, current_tenant, db, settings
from plugins.retail.refunds import of_rma, tender_of
from plugins.retail.return_models import Rma
from plugins.retail.workflow import EXCEPTION

if TYPE_CHECKING:
    from core.sdk import Actor
    from plugins.retail.models import Application
    from plugins.retail.return_models import Refund


# --- returns --------------------------------------------------------------------------------------


def not_own_case(rma: Rma, _answers: dict[str, Any], actor: Actor) -> list[Problem]:
    """RT-15: who took the case in or checked it never approves it."""
    mine = actor.id is not None and actor.id in {rma.requested_by, rma.verified_by}
    return [_problem("own_case")] if mine else []


def eligible(rma: Rma, _answers: dict[str, Any], actor: Actor) -> list[Problem]:
    """What no rule allows needs a manager's exception."""
    if rma.verdict.get("allowed") or (actor.kind == "user" and actor.can(EXCEPTION)):
        return []
    return [_problem("not_eligible", rule=rma.rule)]


def _is(remedy: str) -> Any:
    def check(rma: Rma, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
        return [] if rma.remedy == remedy else [_problem("other_remedy")]

    return check


def nothing_owed(rma: Rma, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """A refunded return closes when every refund has arrived."""
    waiting = [refund for refund in of_rma(rma.id) if refund.state != "arrived"]
    return [_problem("not_arrived")] if waiting else []


# --- refunds --------------------------------------------------------------------------------------


def not_own_refund(refund: Refund, _answers: dict[str, Any], actor: Actor) -> list[Problem]:
    """RT-10 and RT-15: neither who made the refund nor who checked its case decides on it."""
    rma = db.session.get_one(Rma, (current_tenant().id, refund.rma_id))
    mine = {refund.created_by, rma.requested_by, rma.verified_by}
    return [_problem("own_case")] if actor.id is not None and actor.id in mine else []


def by_bank(refund: Refund, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """A slip belongs to a bank card."""
    return [] if refund.method == "bank" else [_problem("no_slip")]


def slip_signed(_refund: Refund, answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """FM-13: the customer signs the merchant's copy."""
    return [] if answers.get("merchant_signed") else [_problem("unsigned", "form.merchant_signed")]


def same_card(refund: Refund, answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """RT-12, RT-13: the same card as at the purchase, as far as the receipt knows it."""
    if refund.method != refund.original or refund.method not in {"stored", "bank"}:
        return []
    if refund.method == "bank" and "slip_reference" not in answers:
        return []  # the slip has shown it already
    wanted = tender_of(refund).account
    shown = "".join((answers.get("card") or "").split())
    return [] if not wanted or shown == wanted else [_problem("other_card", "form.card")]


def unionpay_first(refund: Refund, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """RT-13: UnionPay refunds first, then the till."""
    missing = refund.method == "bank" and not refund.slip_reference
    return [_problem("unionpay_first")] if missing else []


# --- applications ---------------------------------------------------------------------------------


def application_signed(
    application: Application, _answers: dict[str, Any], _actor: Actor
) -> list[Problem]:
    """FM-09: no card without the applicant's signature."""
    signed = application.signed_name or application.signature_id
    return [] if signed else [_problem("application_unsigned")]


def identity_known(
    application: Application, _answers: dict[str, Any], _actor: Actor
) -> list[Problem]:
    """RT-07: what lacks is completed before the card."""
    return [] if application.id_hash else [_problem("no_identity")]


def applicant_present(
    application: Application, _answers: dict[str, Any], _actor: Actor
) -> list[Problem]:
    """RT-05, RT-06: the number may come later only for somebody who stands here himself."""
    if application.id_hash:
        return [_problem("identity_there")]
    return [_problem("proxy_without_id")] if application.proxy else []


def household_free(
    application: Application, _answers: dict[str, Any], _actor: Actor
) -> list[Problem]:
    """RT-03: one household, one card; a supervisor may override."""
    strict = settings("retail")["household_strict"]
    return [_problem("household")] if strict and application.conflict_with else []


def not_own_application(
    application: Application, _answers: dict[str, Any], actor: Actor
) -> list[Problem]:
    """The supervisor does not override his own intake."""
    return [_problem("own_case")] if actor.id == application.taken_by else []


def _problem(word: str, field: str = "", **values: Any) -> Problem:
    return Problem(field=field, message=f"retail.error.{word}", values=tuple(values.items()))


GUARDS = [
    *(
        Guard(f"retail.{run.__name__}", run)
        for run in (
            not_own_case,
            eligible,
            nothing_owed,
            not_own_refund,
            by_bank,
            slip_signed,
            same_card,
            unionpay_first,
            application_signed,
            identity_known,
            applicant_present,
            household_free,
            not_own_application,
        )
    ),
    Guard("retail.is_return", _is("return")),
    Guard("retail.is_exchange", _is("exchange")),
    Guard("retail.is_credit", _is("store_credit")),
    Guard("retail.is_repair", _is("repair")),
]
