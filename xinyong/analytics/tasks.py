"""The ledger of tasks (任务台账): what a plan asks of whom by when, and how far it is.

Departments see the tasks they own; the credit centre and auditors see all. What is done about a task: ``task_acts``; where
tasks come from: ``task_import``. Basis: yearly plans of social credit work and their tables of responsibilities.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from xinyong.analytics.models import Task, TaskAct
from xinyong.analytics.task_owners import Owner, is_of_a_county
from xinyong.kernel.errors import NotFound
from xinyong.security import audit, identity, proofs
from xinyong.security.access import Action, Actor, Role, may, require

#: So many days before its deadline a task is near.
NEAR_DAYS = 14
#: How deadlines can be asked for.
DEADLINES = ("overdue", "near", "dated", "ongoing", "unfixed")
STATES: Mapping[str, str] = {value: str(label) for value, label in Task.State.choices}
_CONTEXT = "analytics.task-evidence"
_LIVE = (Task.State.OPEN, Task.State.UNDER_WAY)


class UnknownTask(NotFound):
    """No such task, or it is others', which looks the same."""

    code = "analytics.unknown-task"


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as of a day. ``after`` is the number of its last act: who decides names it, so that nobody overtakes another."""

    id: int
    ledger: str
    number: int
    chapter_no: str
    chapter: str
    section: str
    text: str
    owners: tuple[Owner, ...]
    deadline_words: str
    due_on: date | None
    is_ongoing: bool
    state: str
    evidence_count: int
    after: int
    is_overdue: bool
    is_near: bool

    @property
    def leads(self) -> list[Owner]:
        """Who leads."""
        return [one for one in self.owners if one.is_lead]

    @property
    def helpers(self) -> list[Owner]:
        """Who takes part."""
        return [one for one in self.owners if not one.is_lead]


@dataclass(frozen=True, slots=True)
class ActView:
    """One act: what, when, by whom of which department, and what it brought."""

    number: int
    kind: str
    at: datetime
    by_name: str
    department: str
    note: str
    on: date | None
    link: str
    file_name: str
    file_size: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which tasks: of a ledger, of a department (its code), in a state, by deadline (one of ``DEADLINES``), with these words;
    "" is any."""

    ledger: str = ""
    owner: str = ""
    state: str = ""
    deadline: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tasks stand how."""

    total: int
    done: int
    reported: int
    overdue: int
    near: int


def listing(
    asked: Asked, *, today: date, seen_by: Actor, after: int | None = None, limit: int = 50
) -> tuple[list[TaskView], Tally]:
    """Tasks in the order of their ledgers, the newest ledger first, and the tally of all that were asked for; ``after`` is the
    id of the last task of the page before. One audit entry. Raises NotAllowed."""
    found = _asked(asked, today=today, seen_by=seen_by)
    audit.enter(audit.Event.TASKS_VIEWED, by=seen_by, object_kind="task", object_ref="all")
    page = found.order_by("-id")
    if after is not None:
        page = page.filter(pk__lt=after)
    return [view(one, today) for one in page[:limit]], _tally(found, today)


def every(asked: Asked, *, today: date, seen_by: Actor) -> list[tuple[TaskView, str]]:
    """All that were asked for, ledger by ledger as they are numbered, each with its last word of progress; for files and
    reminders, which leave their own entry."""
    found = list(_asked(asked, today=today, seen_by=seen_by).order_by("ledger", "number", "id"))
    words = TaskAct.objects.filter(task__in=[one.pk for one in found]).exclude(note="").order_by("task_id", "number")
    last = {task: f"{at:%Y-%m-%d} {note}" for task, at, note in words.values_list("task_id", "at", "note")}
    return [(view(one, today), last.get(one.pk, "")) for one in found]


def find(task_id: int, *, today: date, seen_by: Actor) -> tuple[TaskView, list[ActView]]:
    """One task with its history, the newest act first; one audit entry. Raises NotAllowed, UnknownTask."""
    task = reach(task_id, seen_by=seen_by)
    audit.enter(audit.Event.TASKS_VIEWED, by=seen_by, object_kind="task", object_ref=str(task.pk))
    names = {one.code: one.name for one in identity.source_units()}
    return view(task, today), [_act(one, names) for one in task.acts.order_by("-number")]


def evidence(task_id: int, number: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Writes a file of evidence to ``to``; its name and content type. One audit entry. Raises NotAllowed, UnknownTask."""
    task = reach(task_id, seen_by=seen_by)
    act = task.acts.filter(number=min(number, 2**31 - 1)).exclude(file_digest="").first()
    if act is None:
        raise _unknown()
    audit.enter(audit.Event.TASKS_VIEWED, by=seen_by, object_kind="task", object_ref=f"{task.pk}/{act.number}")
    return act.file_name, proofs.take(act.file_digest, to, evidence_folder(), context=_CONTEXT)


def reminders(*, today: date, seen_by: Actor, days: int = NEAR_DAYS) -> dict[str, list[TaskView]]:
    """Department or group → its tasks that are overdue or near, the most overdue first; "" for tasks nobody here owns. One audit
    entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_TASKS)
    late = within(seen_by).filter(_overdue(today) | _near(today, days)).order_by("due_on", "ledger", "number")
    audit.enter(audit.Event.TASKS_VIEWED, by=seen_by, object_kind="task", object_ref="reminders")
    found: dict[str, list[TaskView]] = {}
    for one in late:
        task = view(one, today, days)
        for whom in {owner.code or owner.group for owner in task.owners if owner.is_known} or {""}:
            found.setdefault(whom, []).append(task)
    return found


def pressing(*, today: date, since: date, days: int = NEAR_DAYS) -> list[Task]:
    """Tasks of everybody that are near, or overdue since no earlier than ``since``, for ``task_reminders``."""
    found = Task.objects.filter((_overdue(today) & Q(due_on__gte=since)) | _near(today, days))
    return list(found.order_by("due_on", "ledger", "number"))


def owed(*, today: date, seen_by: Actor) -> Tally | None:
    """How many of one's tasks stand how: numbers for a first page, none of what they say; None for whoever has none to see."""
    return _tally(within(seen_by), today) if may(seen_by, Action.VIEW_TASKS) else None


def ledgers(*, seen_by: Actor) -> list[str]:
    """Titles of the ledgers with tasks one may see."""
    require(seen_by, Action.VIEW_TASKS)
    return sorted(set(within(seen_by).values_list("ledger", flat=True)), reverse=True)


def within(actor: Actor) -> QuerySet[Task]:
    """Tasks in the actor's reach (the database holds the same bound: migration 0002)."""
    if actor.role is not Role.SOURCE_UNIT:
        return Task.objects.all()
    unit = identity.source_unit(actor.department or "", even_closed=True)
    mine = Q(unit_ids__contains=[unit.id]) | Q(is_for_all=True)
    return Task.objects.filter(mine | Q(is_for_counties=True) if is_of_a_county(unit) else mine)


def reach(task_id: int, *, seen_by: Actor, is_locked: bool = False) -> Task:
    """The task, when it is in the actor's reach. Raises NotAllowed, UnknownTask."""
    require(seen_by, Action.VIEW_TASKS)
    found = within(seen_by).filter(pk=task_id)
    task = (found.select_for_update() if is_locked else found).first()
    if task is None:
        raise _unknown()
    return task


def keep_evidence(path: Path) -> tuple[str, int]:
    """Seals a file of evidence that was looked through; its SHA-256 and size."""
    return proofs.keep(path, evidence_folder(), context=_CONTEXT)


def evidence_folder() -> Path:
    """Where files of evidence lie, sealed."""
    return Path(settings.XINYONG_HOME) / "analytics" / "evidence"


def view(one: Task, today: date, days: int = NEAR_DAYS) -> TaskView:
    """The task as doors see it."""
    is_waiting = one.state in _LIVE and one.due_on is not None and not (one.is_ongoing and one.evidence_count)
    return TaskView(
        id=one.pk, ledger=one.ledger, number=one.number, chapter_no=one.chapter_no, chapter=one.chapter,
        section=one.section, text=one.text, owners=owners(one), deadline_words=one.deadline_words, due_on=one.due_on,
        is_ongoing=one.is_ongoing, state=one.state, evidence_count=one.evidence_count, after=one.act_count,
        is_overdue=bool(is_waiting and one.due_on and one.due_on < today),
        is_near=bool(is_waiting and one.due_on and today <= one.due_on <= today + timedelta(days=days)),
    )  # fmt: skip


def owners(one: Task) -> tuple[Owner, ...]:
    """Whose it is."""
    return tuple(Owner(**owner) for owner in one.owners)


def _asked(asked: Asked, *, today: date, seen_by: Actor) -> QuerySet[Task]:
    require(seen_by, Action.VIEW_TASKS)
    found = within(seen_by)
    if asked.ledger:
        found = found.filter(ledger=asked.ledger)
    if asked.owner:
        unit = identity.source_unit(asked.owner, even_closed=True)
        mine = Q(unit_ids__contains=[unit.id]) | Q(is_for_all=True)
        found = found.filter(mine | Q(is_for_counties=True) if is_of_a_county(unit) else mine)
    if asked.state:
        found = found.filter(state=asked.state)
    for word in asked.words.split()[:5]:
        found = found.filter(Q(text__icontains=word) | Q(section__icontains=word) | Q(chapter__icontains=word))
    wanted = {
        "overdue": _overdue(today), "near": _near(today, NEAR_DAYS), "dated": Q(due_on__isnull=False),
        "ongoing": Q(is_ongoing=True), "unfixed": Q(due_on__isnull=True, is_ongoing=False),
    }  # fmt: skip
    return found.filter(wanted[asked.deadline]) if asked.deadline in wanted else found


def _waiting() -> Q:
    """Live, and still owing its first result: what goes on owes by its day only until there is evidence."""
    return Q(state__in=_LIVE) & ~Q(is_ongoing=True, evidence_count__gt=0)


def _overdue(today: date) -> Q:
    return _waiting() & Q(due_on__lt=today)


def _near(today: date, days: int) -> Q:
    return _waiting() & Q(due_on__gte=today, due_on__lte=today + timedelta(days=days))


def _tally(found: QuerySet[Task], today: date) -> Tally:
    sums: dict[str, Any] = found.aggregate(
        total=Count("id"), done=Count("id", filter=Q(state=Task.State.DONE)),
        reported=Count("id", filter=Q(state=Task.State.REPORTED)), overdue=Count("id", filter=_overdue(today)),
        near=Count("id", filter=_near(today, NEAR_DAYS)),
    )  # fmt: skip
    return Tally(**sums)


def _act(one: TaskAct, names: Mapping[str, str]) -> ActView:
    return ActView(
        number=one.number, kind=one.kind, at=one.at, by_name=one.by_name,
        department=names.get(one.department, one.department), note=one.note, on=one.on, link=one.link,
        file_name=one.file_name, file_size=one.file_size, before=one.before, after=one.after,
    )  # fmt: skip


def _unknown() -> UnknownTask:
    return UnknownTask("没有这项任务，或不是您单位的任务。", "There is no such task, or it is not your department's.")


def shown(owners: Sequence[Owner]) -> str:
    """Names in one line."""
    return "、".join(one.shown for one in owners)
