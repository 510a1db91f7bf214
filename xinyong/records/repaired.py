"""信用修复 What repair does in the archive: from the instant it is entered the datum is shown to nobody, until it is revoked.

It belongs to the datum, not to a version: a row that is reported again, or corrected, stays repaired. Nothing is removed; where it
came from, who repaired it and when is told to whoever answers for it (records/history.py). What led there, and what else must
follow, is the business of the room that has the case (rights/repair.py).
Source: 信用修复管理办法（国家发展改革委令第36号） 3: publication stops, sharing and use stop.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from xinyong.records.models import Repair, RepairEnd


class Ending(StrEnum):
    """Why a repair is no more."""

    REVOKED = "revoked"  # 虚假承诺、虚假材料，或决定有误
    PLAN_FAILED = "plan-failed"  # 重整计划未执行，临时屏蔽终止


@dataclass(frozen=True, slots=True)
class RepairView:
    """That a datum was repaired by a case at an instant; ``ended_at`` with its reason where that was revoked."""

    case_id: int
    at: datetime
    ended_at: datetime | None
    reason: str


@transaction.atomic
def enter(subject_id: int, ref: str, *, case_id: int, at: datetime) -> bool:
    """From now on the datum is shown to nobody; False when this case has entered it already. Callers have asked who may."""
    if _standing(case_id) is not None:
        return False
    Repair.objects.create(subject_id=subject_id, key_digest=bytes.fromhex(ref), case_id=case_id, at=at)
    return True


@transaction.atomic
def revoke(*, case_id: int, reason: Ending, at: datetime) -> bool:
    """The datum is shown again for what is left of its terms; False when the case's repair stands no more."""
    found = _standing(case_id)
    if found is None:
        return False
    RepairEnd.objects.create(repair=found, at=at, reason=reason.value)
    return True


def of_datum(subject_id: int, ref: str) -> list[RepairView]:
    """The repairs of a datum, oldest first; for callers who have checked who asks."""
    found = Repair.objects.filter(subject_id=subject_id, key_digest=bytes.fromhex(ref)).select_related("end")
    return [_view(one) for one in found.order_by("id")]


def is_repaired(subject_id: int, ref: str) -> bool:
    """True while a repair of the datum stands."""
    return any(one.ended_at is None for one in of_datum(subject_id, ref))


def _standing(case_id: int) -> Repair | None:
    return Repair.objects.filter(case_id=case_id, end__isnull=True).order_by("-id").first()


def _view(one: Repair) -> RepairView:
    end = getattr(one, "end", None)
    return RepairView(one.case_id, one.at, end.at if end else None, end.reason if end else "")
