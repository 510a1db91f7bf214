"""What this room keeps of a subject beside its records, for the file of everything about it (reports/everything.py), which has checked
whose it is."""

from typing import Any

from xinyong.records.models import Annotation, ClockEnd, Erased, Erasure, OptOut, Repair, Verification

#: The tables told here and in records/own.py; the test of the whole counts on it.
TABLES = (
    "record", "record_later", "records_annotation", "records_annotationend", "records_repair", "records_repairend",
    "records_clockend", "records_optout", "records_verification", "record_erased", "records_erasure",
)  # fmt: skip


def annotations(subject_id: int) -> list[dict[str, Any]]:
    """Marks of dispute and statements beside records, and when each ended."""
    rows = Annotation.objects.select_related("end").filter(subject_id=subject_id).order_by("pk")
    return [
        {"record": bytes(one.key_digest).hex(), "kind": one.kind, "case": one.case_id, "text": one.text, "noted_at": one.noted_at,
         "ended_at": one.end.ended_at if hasattr(one, "end") else None}
        for one in rows
    ]  # fmt: skip


def repairs(subject_id: int) -> list[dict[str, Any]]:
    """Records that were repaired, and repairs that were revoked."""
    rows = Repair.objects.select_related("end").filter(subject_id=subject_id).order_by("pk")
    return [
        {"record": bytes(one.key_digest).hex(), "case": one.case_id, "at": one.at,
         "ended_at": one.end.at if hasattr(one, "end") else None, "reason": one.end.reason if hasattr(one, "end") else ""}
        for one in rows
    ]  # fmt: skip


def clocks(subject_id: int) -> list[dict[str, Any]]:
    """Terms that ended: of which record, which clock, why, the first day without."""
    rows = ClockEnd.objects.filter(subject_id=subject_id).order_by("pk")
    return [
        {"record": bytes(one.key_digest).hex(), "version": one.version, "clock": one.clock, "reason": one.reason,
         "ended_on": one.ended_on}
        for one in rows
    ]  # fmt: skip


def opt_outs(subject_id: int) -> list[dict[str, Any]]:
    """What a subject said of its good deeds, whether they are recorded; the latest word counts."""
    rows = OptOut.objects.filter(subject_id=subject_id).order_by("pk").values("kind", "is_out", "said_at", "said_by")
    return [dict(one) for one in rows]


def verifications(subject_id: int) -> list[dict[str, Any]]:
    """Which of an organisation's own declarations were looked at, by which unit, when."""
    rows = Verification.objects.filter(subject_id=subject_id).order_by("pk")
    return [dict(one) for one in rows.values("submission_id", "unit", "checked_on")]


def deletions(subject_id: int) -> list[dict[str, Any]]:
    """Versions whose content was erased, and the proof of it: its number and root, by which anybody who may sees that it holds."""
    rows = list(Erased.objects.filter(subject_id=subject_id).order_by("erased_at", "version"))
    proofs = {
        (one.run_id, one.item_id): one for one in Erasure.objects.filter(run_id__in={each.run_id for each in rows})
    }
    return [
        {
            "record": bytes(one.key_digest).hex(), "version": one.version, "item": one.item_id, "ended_on": one.ended_on,
            "erased_at": one.erased_at, "digest": bytes(one.leaf).hex(),
            "proof": proofs[one.run_id, one.item_id].pk if (one.run_id, one.item_id) in proofs else None,
            "root": bytes(proofs[one.run_id, one.item_id].root).hex() if (one.run_id, one.item_id) in proofs else "",
        }
        for one in rows
    ]  # fmt: skip
