"""What this room keeps of a subject, for the file of everything about it (reports/everything.py), which has checked whose it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from xinyong.rights import access_log, consent, purposes
from xinyong.rights.annulment_models import Annulment
from xinyong.rights.models import Consent, ConsentRequest, Guidance, KeptAnswer, Recipient, UsageReference

#: The tables told here; the test of the whole counts on it.
TABLES = (
    "rights_consent", "rights_consentrequest", "rights_consentrefusal", "rights_consentwithdrawal", "rights_keptanswer",
    "rights_usagereference", "rights_guidance", "rights_recipient", "rights_recipientreceipt", "rights_consentend",
    "rights_refusalundoing", "rights_annulment",
)  # fmt: skip


def looks(ref: str, *, at: datetime) -> list[dict[str, Any]]:
    """Every look at what is on file of a subject, the newest first: when, which unit, for which purpose, at what, by which
    authorisation. What is lawfully withheld comes up when its time is over."""
    return [
        {
            "at": one.at, "unit": one.unit_zh, "unit_code": one.unit_code, "kind_zh": one.kind_zh, "kind_en": one.kind_en,
            "purpose_zh": one.purpose_zh, "purpose_en": one.purpose_en, "items": [zh for zh, _ in one.items],
            "authorisation": one.authorisation, "is_by_program": one.is_by_program,
        }
        for one in access_log.every(ref, at=at)
    ]  # fmt: skip


def consents(key: int) -> list[dict[str, Any]]:
    """Every authorisation a subject ever gave (by its key, rights/whose.py), and what became of it."""
    rows = Consent.objects.select_related("recipient", "withdrawal", "ending").filter(subject_id=key).order_by("pk")
    return [
        {
            "number": one.number, "unit": one.recipient.name, "unit_code": one.recipient.code, **_purpose(one.purpose),
            "items": _items(one.items), "valid_from": one.valid_from, "valid_to": one.valid_to, "given_at": one.given_at,
            "given_by": one.given_by, "notice": one.notice, "notice_sha256": one.notice_digest,
            "withdrawn_at": one.withdrawal.withdrawn_at if hasattr(one, "withdrawal") else None,
            "ended_at": one.ending.ended_at if hasattr(one, "ending") else None,
            "ended_by": one.ending.way if hasattr(one, "ending") else None,
            "erased_with_it": one.ending.effects if hasattr(one, "ending") else None,
        }
        for one in rows
    ]  # fmt: skip


def requests(key: int) -> list[dict[str, Any]]:
    """Every authorisation that a subject was asked for (by its key), and its answer."""
    rows = ConsentRequest.objects.select_related("recipient", "refusal__undoing", "consent").filter(subject_id=key)
    return [
        {
            "unit": one.recipient.name, **_purpose(one.purpose), "items": _items(one.items), "days": one.days,
            "asked_at": one.asked_at, "without": one.without,
            "refused_at": one.refusal.refused_at if hasattr(one, "refusal") else None,
            "may_ask_again_since": one.refusal.undoing.undone_at
            if hasattr(one, "refusal") and hasattr(one.refusal, "undoing") else None,
            "given": one.consent.number if hasattr(one, "consent") else None,
        }
        for one in rows.order_by("pk")
    ]  # fmt: skip


def kept_answers(key: int) -> list[dict[str, Any]]:
    """Answers to programs that still lie here for hand-over: to whom, until when, by which authorisation."""
    rows = KeptAnswer.objects.select_related("recipient", "consent").filter(subject_id=key).order_by("pk")
    return [
        {"unit": one.recipient.name, "made_at": one.made_at, "kept_until": one.kept_until,
         "authorisation": one.consent.number if one.consent else ""}
        for one in rows
    ]  # fmt: skip


def annulments(subject_id: int) -> list[dict[str, Any]]:
    """That the basis of a record fell: why, by which instrument of whom, since when its source knew, when the record was withdrawn."""
    rows = Annulment.objects.select_related("done").filter(subject_id=subject_id).order_by("pk")
    return [
        {"item": one.item_id, "record": one.ref, "cause": one.cause, "instrument": one.instrument, "body": one.body,
         "explanation": one.explanation, "known_on": one.known_on, "noted_at": one.noted_at, "unit": one.noted_unit,
         "withdrawn_at": one.done.at if hasattr(one, "done") else None}
        for one in rows
    ]  # fmt: skip


def references(subject_id: int) -> list[dict[str, Any]]:
    """The references by which a viewer of one's choice asks who looked; the last one holds."""
    rows = UsageReference.objects.filter(subject_id=subject_id).order_by("pk").values("ref", "made_at")
    return [dict(one) for one in rows]


def guidance(subject_id: int) -> list[dict[str, Any]]:
    """Trainings and interviews that were recorded of an organisation."""
    rows = Guidance.objects.filter(subject_id=subject_id).order_by("pk")
    return [
        {"kind": one.kind, "held_on": one.held_on, "unit": one.unit, "note": one.note, "entered_at": one.entered_at,
         "takes_back": one.undoes_id}
        for one in rows
    ]  # fmt: skip


def told_to(subject_code: str) -> list[dict[str, Any]]:
    """Who was told to let go of an organisation's records, or that they count again, and when they said it was done."""
    rows = Recipient.objects.select_related("receipt").filter(subject_code=subject_code).order_by("pk")
    return [
        {"unit": one.unit, "client": one.client_name, "change": one.change, "item": one.item_id, "record": one.ref,
         "told_at": one.told_at, "done_at": one.receipt.at if hasattr(one, "receipt") else None}
        for one in rows
    ]  # fmt: skip


def _items(ids: Sequence[str]) -> list[dict[str, str]]:
    return [{"item": one, "zh": zh, "en": en} for one, (zh, en) in zip(ids, consent.item_titles(ids), strict=True)]


def _purpose(purpose_id: str) -> dict[str, str]:
    found = next((one for one in purposes.register() if one.id == purpose_id), None)
    return {
        "purpose": purpose_id,
        "purpose_zh": found.name_zh if found else "",
        "purpose_en": found.name_en if found else "",
    }
