"""The resident's signature under finished work (CP-22's way): drawn or typed, sealed by a hash."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import claim_for_ticket, db, now
from plugins.property_mgmt.work_models import WorkSignature

if TYPE_CHECKING:
    from core.sdk import Actor
    from plugins.property_mgmt.work_models import WorkOrder


def sign(order: WorkOrder, answers: dict[str, Any], actor: Actor) -> WorkSignature:
    """Keep the signature with its seal; a drawn one is a picture that hangs on the ticket."""
    given = answers["signature"]
    picture = None
    if "attachment_id" in given:
        ids = [given["attachment_id"]]
        picture = next(iter(claim_for_ticket(ids, order.ticket_id, actor=actor)))
    signature = WorkSignature(
        work_order_id=order.id,
        kind="drawn" if picture else "typed",
        signer=given.get("typed_name") or actor.name,
        attachment_id=picture.id if picture else None,
        strokes=given.get("strokes", ""),
        words=answers.get("words", ""),
        signed_at=now(),
        sha256="",
    )
    signature.sha256 = seal(signature, picture.sha256 if picture else "")
    db.session.add(signature)
    return signature


def signature_of(order: WorkOrder) -> WorkSignature | None:
    """The last signature."""
    rows = sa.select(WorkSignature).where(WorkSignature.work_order_id == order.id)
    return db.session.scalars(rows.order_by(WorkSignature.id.desc()).limit(1)).one_or_none()


def signed_facts(signature: WorkSignature, picture_sha256: str = "") -> dict[str, Any]:
    """What was signed, how and when; strokes and picture by their own hashes."""
    return {
        "work_order": str(signature.work_order_id),
        "kind": signature.kind,
        "signer": signature.signer,
        "picture": picture_sha256,
        "strokes": hashlib.sha256(signature.strokes.encode()).hexdigest(),
        "signed_at": signature.signed_at.isoformat(timespec="microseconds"),
    }


def seal(signature: WorkSignature, picture_sha256: str = "") -> str:
    """SHA-256 over the facts as JSON, keys sorted and without spaces: any later change of them shows."""
    facts = signed_facts(signature, picture_sha256)
    plain = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()
