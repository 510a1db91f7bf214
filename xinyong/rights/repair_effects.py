"""修复的后果 What a granted repair does, and what revoking it undoes: one declared list, carried out in the decision's transaction.

Rooms that hold effects of a record (measures, evaluation, lists) add theirs here when they come; there is no second path.
Source: 令36号 3: repair = stop publishing + stop sharing and using + lift measures + update evaluation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from xinyong.records import repaired
from xinyong.records.repaired import Ending
from xinyong.rights import recipients
from xinyong.rights.recipients import Change
from xinyong.workflow.case_view import CaseView


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect: what it is called, what a yes does, what a revocation undoes."""

    id: str
    zh: str
    en: str
    carry_out: Callable[[CaseView, datetime], object]
    undo: Callable[[CaseView, datetime, Ending], object]


def _tell(change: Change) -> Callable[[CaseView, datetime], object]:
    def tell(case: CaseView, at: datetime) -> object:
        return recipients.tell(
            case.id, change, subject_code=case.subject_code, item_id=case.item_id, ref=case.object_ref, at=at
        )

    return tell


EFFECTS: tuple[Effect, ...] = (
    Effect(
        "archive", "停止公示、共享和使用", "Publication, sharing and use stop",
        lambda case, at: repaired.enter(case.subject_id, case.object_ref, case_id=case.id, at=at),
        lambda case, at, why: repaired.revoke(case_id=case.id, reason=why, at=at),
    ),
    Effect(
        "recipients", "通知各使用方同步", "Every recipient is told to do the same",
        _tell(Change.CONCEAL), lambda case, at, why: _tell(Change.RESTORE)(case, at),
    ),
)  # fmt: skip


def carry_out(case: CaseView, *, at: datetime) -> None:
    """Everything a granted repair does."""
    for one in EFFECTS:
        one.carry_out(case, at)


def undo(case: CaseView, *, why: Ending, at: datetime) -> None:
    """Everything a revocation undoes, the last effect first."""
    for one in reversed(EFFECTS):
        one.undo(case, at, why)
