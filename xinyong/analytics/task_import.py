"""Tasks come in: a plan's table looked at, then kept; or one task by hand. The same plan again adds nothing."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction

from xinyong.analytics import task_acts, task_owners
from xinyong.analytics.models import Task, TaskAct
from xinyong.analytics.task_owners import Owner
from xinyong.analytics.task_table import Doubt, Line, Table
from xinyong.kernel.deadlines import Deadline
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require


@dataclass(frozen=True, slots=True)
class Looked:
    """A line as it would be kept. ``is_known``: the ledger has it already."""

    line: Line
    owners: tuple[Owner, ...]
    is_known: bool

    @property
    def is_new(self) -> bool:
        """True when importing adds it."""
        return not self.is_known and not self.line.is_kept_out


@dataclass(frozen=True, slots=True)
class Preview:
    """What importing would do; after importing, what it did."""

    title: str
    lines: tuple[Looked, ...]

    @property
    def new(self) -> int:
        """How many tasks are added."""
        return sum(one.is_new for one in self.lines)

    @property
    def known(self) -> int:
        """How many the ledger has already."""
        return sum(one.is_known for one in self.lines)

    @property
    def kept_out(self) -> int:
        """How many cannot become tasks."""
        return sum(one.line.is_kept_out for one in self.lines)

    @property
    def doubtful(self) -> int:
        """How many are to be looked at, kept out or not."""
        return sum(bool(one.line.doubts) for one in self.lines)


def preview(table: Table, *, by: Actor) -> Preview:
    """What importing would do; nothing is kept. Raises NotAllowed."""
    require(by, Action.MANAGE_TASKS)
    units = identity.source_units(only_active=True)
    keys = [_key(table.title, one.text) for one in table.lines]
    known = set(Task.objects.filter(key__in=keys).values_list("key", flat=True))
    return Preview(
        table.title, tuple(_looked(line, key in known, units) for line, key in zip(table.lines, keys, strict=True))
    )


@transaction.atomic
def keep(table: Table, *, by: Actor, at: datetime) -> Preview:
    """Adds the tasks the ledger has not yet, in the plan's order; what was done about the others stays. One audit entry.
    Raises NotAllowed."""
    found = preview(table, by=by)
    fresh = [one for one in found.lines if one.is_new]
    made = [_task(found.title, one.line, one.owners, at) for one in reversed(fresh)]  # lists show the last id first
    Task.objects.bulk_create(made)
    TaskAct.objects.bulk_create([task_acts.enter(one, by=by, at=at) for one in made])
    audit.enter(
        audit.Event.TASKS_IMPORTED, by=by, object_kind="task-ledger",
        object_ref=hashlib.sha256(found.title.encode()).hexdigest()[:16], lines=len(found.lines), added=found.new,
        known=found.known, kept_out=found.kept_out,
    )  # fmt: skip
    return found


@transaction.atomic
def add(
    *, ledger: str, text: str, leads: Sequence[str], helpers: Sequence[str] = (), due_on: date | None = None,
    is_ongoing: bool = False, section: str = "", by: Actor, at: datetime,
) -> int:  # fmt: skip
    """One task by hand, of departments by code; its id, the old one where the ledger has these words. Raises NotAllowed,
    Unsaid, UnknownDepartment."""
    require(by, Action.MANAGE_TASKS)
    ledger, text = (unnumbered(" ".join(one.split())) for one in (ledger, text))
    if not ledger or not text or not leads:
        raise task_acts.Unsaid("台账、任务内容和牵头单位都要填写。", "Say which ledger, what, and who leads.")
    known = Task.objects.filter(key=_key(ledger[:200], text)).first()
    if known:
        return known.pk
    number = Task.objects.filter(ledger=ledger[:200]).count() + 1
    words = task_acts.deadline_words(due_on, is_ongoing)
    line = Line(
        row=0, number=number, chapter_no="", chapter="", section=section.strip()[:200], text=text[:2000], owners=(),
        helpers=(), deadline=Deadline(words, due_on, is_ongoing),
    )  # fmt: skip
    task = _task(ledger[:200], line, task_owners.given(leads, helpers), at)
    task.save()
    task_acts.enter(task, by=by, at=at).save()
    audit.enter(audit.Event.TASK_ENTERED, by=by, object_kind="task", object_ref=str(task.pk), number=number)
    return task.pk


def _looked(line: Line, is_known: bool, units: list[identity.SourceUnit]) -> Looked:
    owners = task_owners.resolve(line.owners, line.helpers, units=units)
    unknown = [one.words for one in owners if not one.is_known]
    short = [f"{one.words} → {one.name}" for one in owners if one.is_abbreviated]
    doubts = list(line.doubts)
    if unknown:
        words = "、".join(unknown)
        doubts.append(
            Doubt("unknown-owner", f"没有登记这样的单位：{words}。先按文字保留。", f"Not registered here, kept as words: {words}.")
        )  # fmt: skip
    if short:
        words = "；".join(short)
        doubts.append(Doubt("abbreviated-owner", f"按简称对应：{words}。", f"Taken by their short names: {words}."))
    return Looked(replace(line, doubts=tuple(doubts)), owners, is_known)


def _task(ledger: str, line: Line, owners: tuple[Owner, ...], at: datetime) -> Task:
    return Task(
        key=_key(ledger, line.text), ledger=ledger, number=line.number, chapter_no=line.chapter_no, chapter=line.chapter,
        section=line.section, text=line.text, deadline_words=line.deadline.words, due_on=line.deadline.due_on,
        is_ongoing=line.deadline.is_ongoing, state=Task.State.OPEN, act_count=1, made_at=at,
        **task_owners.columns(owners),
    )  # fmt: skip


def _key(ledger: str, text: str) -> str:
    folded = "\x1f".join("".join(unicodedata.normalize("NFKC", one).split()) for one in (ledger, text))
    return hashlib.sha256(folded.encode()).hexdigest()
