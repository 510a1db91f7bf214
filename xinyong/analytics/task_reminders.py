"""Departments are told which of their tasks are near their deadline or overdue, each once for each deadline (workflow/notices.py).

A task is told to whoever it names, and to every department that can report when it names them all; a task that nobody here owns
is nobody's notice: the credit centre sees it in the ledger.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from xinyong.analytics import tasks
from xinyong.analytics.models import Task
from xinyong.analytics.task_owners import is_of_a_county
from xinyong.kernel import clock
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require
from xinyong.security.identity import SourceUnit
from xinyong.workflow import notices
from xinyong.workflow.kinds import Kind

#: What has been overdue for longer than this many days is not told any more: the ledger shows it in red.
_TOLD_FOR = 31
_MOST_OF_A_TEXT = 120


@transaction.atomic
def tell(*, by: Actor, at: datetime) -> tuple[int, int]:
    """Tells what is near and what is overdue; returns how many notices of either are new. One entry in the log. Safe to run
    again. Raises NotAllowed."""
    require(by, Action.OPERATE)
    today, told = clock.day(at), {Kind.TASK_NEAR: 0, Kind.TASK_OVERDUE: 0}
    units = identity.source_units(only_active=True)
    for one in tasks.pressing(today=today, since=today - timedelta(days=_TOLD_FOR)):
        assert one.due_on is not None
        kind = Kind.TASK_OVERDUE if one.due_on < today else Kind.TASK_NEAR
        told[kind] += sum(_told(kind, one, one.due_on, unit, by, at) for unit in _whose(one, units))
    near, overdue = told.values()
    audit.enter(
        audit.Event.REMINDERS_TOLD, by=by, object_kind="tasks", object_ref=today.isoformat(), near=near, overdue=overdue
    )
    return near, overdue


def _whose(task: Task, units: Sequence[SourceUnit]) -> list[SourceUnit]:
    return [
        one for one in units
        if one.id in task.unit_ids or task.is_for_all or (task.is_for_counties and is_of_a_county(one))
    ]  # fmt: skip


def _told(kind: Kind, task: Task, due: date, unit: SourceUnit, by: Actor, at: datetime) -> bool:
    text = task.text if len(task.text) <= _MOST_OF_A_TEXT else task.text[: _MOST_OF_A_TEXT - 1] + "…"
    facts: dict[str, str | int] = {"ledger": task.ledger, "number": task.number, "due": due.isoformat(), "text": text}
    notice = notices.tell(
        kind,
        department_id=unit.id,
        facts=facts,
        link=f"/office/tasks/{task.pk}/",
        key=f"{task.pk}/{due}",
        by=by,
        at=at,
    )
    return notice is not None
