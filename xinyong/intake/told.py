"""What departments are told of what intake does: findings, refusals, rows sent back, deadlines, exceptions (workflow/notices.py).

One notice for each thing: a submission's findings are one, however many there are.
"""

from datetime import date, datetime

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.intake import windows
from xinyong.intake.models import RowAct, Submission
from xinyong.intake.windows import State, Window
from xinyong.kernel import clock
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import notices
from xinyong.workflow.kinds import Kind

#: Working days before the due day from which a window is near it.
NEAR = 2
#: What has been overdue for longer than this many days is not told any more.
_TOLD_FOR = 31


def deposited(submission: Submission, *, by: Actor, at: datetime) -> None:
    """A submission is in; its department is told when something of it waits or was warned of. Who declares of itself is no
    department: its own pages say what became of it."""
    if submission.subject_id is not None:
        return
    counts = {name: int(getattr(submission, name)) for name in ("accepted", "doubtful", "rejected", "warnings")}
    if not any(counts[name] for name in ("doubtful", "rejected", "warnings")):
        return
    notices.tell(
        Kind.FINDINGS, department_id=submission.source_id,
        facts={"submission": submission.pk, "rows": submission.rows_read, **counts, **_item(submission.item_id)},
        link=f"/office/submissions/{submission.pk}/", key=str(submission.pk), by=by, at=at,
    )  # fmt: skip


def refused(submission: Submission, *, by: Actor, at: datetime) -> None:
    """A submission was refused; refused again, it is told again."""
    if submission.subject_id is not None:
        return
    notices.tell(
        Kind.REFUSED, department_id=submission.source_id, facts={"submission": submission.pk, **_item(submission.item_id)},
        link=f"/office/submissions/{submission.pk}/", key=f"{submission.pk}/{at:%Y%m%d%H%M%S}", by=by, at=at,
    )  # fmt: skip


def sent_back(act: RowAct, submission: Submission, *, by: Actor) -> None:
    """A row was sent back with a deadline."""
    assert act.until is not None
    if submission.subject_id is not None:
        return
    notices.tell(
        Kind.SENT_BACK, department_id=submission.source_id,
        facts={"submission": act.submission_id, "row": act.row_no, "due": act.until.isoformat(), "note": act.note,
               **_item(submission.item_id)},
        link=f"/office/submissions/{act.submission_id}/rows/{act.row_no}/", key=str(act.pk), by=by, at=act.at,
    )  # fmt: skip


def granted(exception_id: int, window: Window, *, until: date, reason: str, by: Actor, at: datetime) -> None:
    """A locked period was opened."""
    facts = {"period": window.name, "until": until.isoformat(), "reason": reason, **_item(window.item_id)}
    notices.tell(
        Kind.EXCEPTION_GRANTED, department_id=window.source_id, facts=facts, link=_link(window), key=str(exception_id),
        by=by, at=at,
    )  # fmt: skip


def withdrawn(exception_id: int, window: Window, *, by: Actor, at: datetime) -> None:
    """An exception was withdrawn."""
    notices.tell(
        Kind.EXCEPTION_WITHDRAWN, department_id=window.source_id, facts={"period": window.name, **_item(window.item_id)},
        link=_link(window), key=str(exception_id), by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def remind(*, by: Actor, at: datetime) -> tuple[int, int]:
    """Tells departments which windows are near their due day and which are overdue, each once. Returns how many notices of
    either are new. One entry in the log. Safe to run again. Raises NotAllowed."""
    require(by, Action.OPERATE)
    today, near, overdue = clock.day(at), 0, 0
    for one in windows.every(seen_by=by, at=at):
        if one.state == State.OPEN and one.period.end is not None and one.period.end <= today and one.days_left <= NEAR:
            near += _deadline(Kind.DEADLINE_NEAR, one, by, at)
        elif one.state == State.OVERDUE and (today - one.grace_until).days <= _TOLD_FOR:
            overdue += _deadline(Kind.OVERDUE, one, by, at)
    audit.enter(
        audit.Event.REMINDERS_TOLD, by=by, object_kind="day", object_ref=today.isoformat(), near=near, overdue=overdue
    )
    return near, overdue


def _deadline(kind: Kind, window: Window, by: Actor, at: datetime) -> bool:
    facts = {"period": window.name, "due": window.due_on.isoformat(), **_item(window.item_id)}
    key = f"{window.item_id}/{window.name}/{window.due_on}"
    told = notices.tell(kind, department_id=window.source_id, facts=facts, link=_link(window), key=key, by=by, at=at)
    return told is not None


def _link(window: Window) -> str:
    return f"/office/windows/?item={window.item_id}"


def _item(item_id: str) -> dict[str, str]:
    item = publish.current(item_id)
    return {"item_zh": item.title_zh, "item_en": item.title_en or item.title_zh}
