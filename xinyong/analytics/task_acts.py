"""What is done about a task: reported on, proved, confirmed, sent back, cancelled, taken up again, given another day or others.

A department reports on its own tasks; the credit centre decides. Every act is one row that stays.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from xinyong.analytics import task_owners, tasks
from xinyong.analytics.models import Task, TaskAct
from xinyong.analytics.tasks import TaskView
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, proofs
from xinyong.security.access import Action, Actor, require

_LINK = re.compile(r"https?://[^\s<>\"']{3,480}")
_State, _Kind = Task.State, TaskAct.Kind


class DecidedMeanwhile(Conflict):
    """Somebody else did something about the task since the page was opened."""

    code = "analytics.task-decided-meanwhile"


class NotNow(Conflict):
    """The task's state does not allow it."""

    code = "analytics.task-not-now"


class NoProof(Invalid):
    """A task is done with evidence, not without."""

    code = "analytics.task-without-evidence"


class Unsaid(Invalid):
    """Something that has to be said is missing, or a link is none."""

    code = "analytics.task-unsaid"


@dataclass(frozen=True, slots=True)
class Proved:
    """Evidence: a file (with its own name) or a link, and the day it is of."""

    on: date
    link: str = ""
    file: Path | None = None
    file_name: str = ""


def report(
    task_id: int, *, note: str, by: Actor, at: datetime, proved: Proved | None = None, is_done: bool = False
) -> TaskView:
    """Reports how far a task is, with evidence or without; ``is_done`` asks the credit centre to confirm that it is done.
    Raises UnknownTask, NotNow, NoProof, Unsaid, UnfitProof."""
    require(by, Action.REPORT_TASK)
    kept = _keep(proved, at=at)
    with transaction.atomic():
        task = tasks.reach(task_id, seen_by=by, is_locked=True)
        _only(task, _State.OPEN, _State.UNDER_WAY)
        if not note.strip() and proved is None:
            raise Unsaid("请写明进展，或附上佐证。", "Say how far it is, or give evidence.")
        if is_done and proved is None and not task.evidence_count:
            raise NoProof(
                "还没有佐证，不能提请确认完成。请附上文件或链接。",
                "There is no evidence yet: give a file or a link before asking that it be confirmed.",
            )
        kind = _Kind.ASKED if is_done else _Kind.EVIDENCE if proved else _Kind.PROGRESS
        task.state = _State.REPORTED if is_done else _State.UNDER_WAY
        task.evidence_count += proved is not None
        return _done(task, kind, by, at, audit.Event.TASK_REPORTED, note=note, proof=kept)


def take_back(task_id: int, *, by: Actor, at: datetime) -> TaskView:
    """Takes back that a task was reported done, before it is decided. Raises UnknownTask, NotNow."""
    require(by, Action.REPORT_TASK)
    with transaction.atomic():
        task = tasks.reach(task_id, seen_by=by, is_locked=True)
        _only(task, _State.REPORTED)
        task.state = _State.UNDER_WAY
        return _done(task, _Kind.TAKEN_BACK, by, at, audit.Event.TASK_REPORTED)


def confirm(task_id: int, *, after: int, by: Actor, at: datetime, note: str = "") -> TaskView:
    """Confirms that a task is done: there must be evidence. Raises UnknownTask, NotNow, NoProof, DecidedMeanwhile."""
    with _deciding(task_id, after, by) as task:
        _only(task, _State.UNDER_WAY, _State.REPORTED)
        if not task.evidence_count:
            raise NoProof("没有佐证，不能确认完成。", "There is no evidence: it cannot be confirmed.")
        task.state = _State.DONE
        return _done(task, _Kind.CONFIRMED, by, at, audit.Event.TASK_DECIDED, note=note)


def send_back(task_id: int, *, after: int, reason: str, by: Actor, at: datetime) -> TaskView:
    """Finds that what was reported is not done. Raises UnknownTask, NotNow, Unsaid, DecidedMeanwhile."""
    with _deciding(task_id, after, by) as task:
        _only(task, _State.REPORTED)
        task.state = _State.UNDER_WAY
        return _done(task, _Kind.SENT_BACK, by, at, audit.Event.TASK_DECIDED, note=_said(reason))


def cancel(task_id: int, *, after: int, reason: str, by: Actor, at: datetime) -> TaskView:
    """Ends a task that is no longer asked for. Raises UnknownTask, NotNow, Unsaid, DecidedMeanwhile."""
    with _deciding(task_id, after, by) as task:
        _only(task, _State.OPEN, _State.UNDER_WAY, _State.REPORTED)
        task.state = _State.CANCELLED
        return _done(task, _Kind.CANCELLED, by, at, audit.Event.TASK_DECIDED, note=_said(reason))


def reopen(task_id: int, *, after: int, reason: str, by: Actor, at: datetime) -> TaskView:
    """Undoes that a task was confirmed or cancelled. Raises UnknownTask, NotNow, Unsaid, DecidedMeanwhile."""
    with _deciding(task_id, after, by) as task:
        _only(task, _State.DONE, _State.CANCELLED)
        task.state = _State.UNDER_WAY
        return _done(task, _Kind.REOPENED, by, at, audit.Event.TASK_DECIDED, note=_said(reason))


def reschedule(
    task_id: int, *, due_on: date | None, is_ongoing: bool, after: int, reason: str, by: Actor, at: datetime
) -> TaskView:
    """Gives a task another deadline: a day, ongoing, both, or none while it is not fixed. Raises UnknownTask, NotNow, Unsaid,
    DecidedMeanwhile."""
    with _deciding(task_id, after, by) as task:
        _only(task, _State.OPEN, _State.UNDER_WAY, _State.REPORTED)
        before, task.deadline_words = task.deadline_words, deadline_words(due_on, is_ongoing)
        task.due_on, task.is_ongoing = due_on, is_ongoing
        return _done(
            task, _Kind.RESCHEDULED, by, at, audit.Event.TASK_CHANGED, note=_said(reason), before=before,
            after=task.deadline_words,
        )  # fmt: skip


def reassign(
    task_id: int, *, leads: Sequence[str], helpers: Sequence[str], after: int, reason: str, by: Actor, at: datetime
) -> TaskView:
    """Gives a task to other departments, by code. Raises UnknownTask, NotNow, Unsaid, UnknownDepartment, DecidedMeanwhile."""
    with _deciding(task_id, after, by) as task:
        _only(task, _State.OPEN, _State.UNDER_WAY, _State.REPORTED)
        if not leads:
            raise Unsaid("请选择牵头单位。", "Say who leads.")
        before, now = tasks.owners(task), task_owners.given(leads, helpers)
        for name, value in task_owners.columns(now).items():
            setattr(task, name, value)
        return _done(
            task, _Kind.REASSIGNED, by, at, audit.Event.TASK_CHANGED, note=_said(reason),
            before=task_owners.said(before)[:500], after=task_owners.said(now)[:500],
        )  # fmt: skip


def deadline_words(due_on: date | None, is_ongoing: bool) -> str:
    """How a deadline that was set here is written."""
    day = f"{due_on.year}年{due_on.month}月{due_on.day}日前" if due_on else ""
    if is_ongoing:
        return f"{day}，持续推进" if day else "持续推进"
    return day or "待定"


def enter(task: Task, *, by: Actor, at: datetime) -> TaskAct:
    """The first act of a task that was just made."""
    return TaskAct(
        task=task, number=1, kind=_Kind.ENTERED, at=at, by_name=by.name, by_role=by.role.value,
        department=by.department or "", after=task.deadline_words,
    )  # fmt: skip


@contextmanager
def _deciding(task_id: int, after: int, by: Actor) -> Iterator[Task]:
    """Within, the credit centre decides on a task that is as it was seen: one transaction."""
    require(by, Action.MANAGE_TASKS)
    with transaction.atomic():
        task = tasks.reach(task_id, seen_by=by, is_locked=True)
        if task.act_count != after:
            raise DecidedMeanwhile(
                "您打开页面以后，这项任务又有新情况。请看过再办。",
                "Something was done about this task since you opened the page. Look at it first.",
            )
        yield task


def _done(
    task: Task, kind: str, by: Actor, at: datetime, event: audit.Event, *, note: str = "", before: str = "", after: str = "",
    proof: Mapping[str, Any] | None = None,
) -> TaskView:  # fmt: skip
    """Keeps the task as it stands now, the act, and its entry."""
    task.act_count += 1
    task.save()
    proof = proof or {}
    TaskAct.objects.create(
        task=task, number=task.act_count, kind=kind, at=at, by_name=by.name, by_role=by.role.value,
        department=by.department or "", note=unnumbered(" ".join(note.split()))[:1000], before=before, after=after,
        on=proof.get("on"), link=proof.get("link", ""), file_name=proof.get("file_name", ""),
        file_digest=proof.get("file_digest", ""), file_size=proof.get("file_size", 0),
    )  # fmt: skip
    audit.enter(
        event, by=by, object_kind="task", object_ref=str(task.pk), act=kind, number=task.act_count, state=task.state,
        digest=proof.get("file_digest", ""),
    )  # fmt: skip
    return tasks.view(task, clock.day(at))


def _keep(proved: Proved | None, *, at: datetime) -> dict[str, Any]:
    if proved is None:
        return {}
    if proved.on > clock.day(at):
        raise Unsaid("佐证的日期不能晚于今天。", "Evidence is not of a later day than today.")
    link = proved.link.strip()
    if link and not _LINK.fullmatch(link):
        raise Unsaid("链接应以 http:// 或 https:// 开头。", "A link begins with http:// or https://.")
    kept: dict[str, Any] = {"on": proved.on, "link": unnumbered(link)}
    if proved.file is not None:
        proofs.look(proved.file, today=proved.on)
        digest, size = tasks.keep_evidence(proved.file)
        kept |= {
            "file_digest": digest, "file_size": size, "file_name": unnumbered(Path(proved.file_name).name)[-200:],
        }  # fmt: skip
    elif not link:
        raise Unsaid("佐证要有文件或链接。", "Evidence is a file or a link.")
    return kept


def _only(task: Task, *states: str) -> None:
    if task.state not in states:
        raise NotNow(
            f"任务现在是“{tasks.STATES[task.state]}”，不能这样办。",
            f"The task is {task.state} now: this cannot be done.",
        )


def _said(reason: str) -> str:
    if len(reason.strip()) < 2:
        raise Unsaid("请写明原因。", "Say why.")
    return reason
