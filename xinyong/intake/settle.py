"""What is done about a row that waits, or was warned of: a suggestion is accepted (采纳), a doubt waived for a time (豁免), a row
sent back to its department with a deadline (退回) or passed on to the credit centre (提请), a warning confirmed (确认属实).

Every act stays, with who and why; undoing it is a later act. A row goes in by the way of every row (intake/again.py): what is
settled here is one fault of it, never the checking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError, transaction

from xinyong.catalogue import publish
from xinyong.intake import _values, again, doubts, locks, told, views
from xinyong.intake.again import StillWrong
from xinyong.intake.models import Finding, RowAct, Submission, WaitingRow
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import history
from xinyong.security import audit
from xinyong.security.access import BOUNDED, Action, Actor, require
from xinyong.subjects import resolve

Kind = RowAct.Kind
_SHORTEST, _LONGEST = 4, 200
#: A waiver ends within a year, a department corrects within a quarter: what is put off for longer is forgotten.
LONGEST_WAIVER, LONGEST_DEADLINE = timedelta(days=366), timedelta(days=92)
#: Rows that one press settles at most.
MOST = 200
_EVENTS = {
    Kind.ACCEPTED: audit.Event.SUGGESTION_ACCEPTED,
    Kind.WAIVED: audit.Event.DOUBT_WAIVED,
    Kind.SENT_BACK: audit.Event.ROW_SENT_BACK,
    Kind.PASSED_ON: audit.Event.ROW_PASSED_ON,
    Kind.CONFIRMED: audit.Event.WARNING_CONFIRMED,
    Kind.UNDONE: audit.Event.ROW_ACT_UNDONE,
    Kind.ENDED: audit.Event.WAIVER_ENDED,
}


class NotWaiting(NotFound):
    """The row does not wait (any more), or is another department's, which looks the same."""

    code = "intake.not-waiting"


class NoSuggestion(Conflict):
    """Nothing is suggested for this row that could be put into a cell."""

    code = "intake.no-suggestion"


class NobodysCode(Conflict):
    """The suggested code is nobody's in the register: what was mistyped may have meant another one."""

    code = "intake.nobodys-code"


class NotWaivable(Conflict):
    """An error is not waived: only doubts are."""

    code = "intake.not-waivable"


class NothingWarned(NotFound):
    """No open warning with this number."""

    code = "intake.no-open-warning"


class UnknownAct(NotFound):
    """No such act, or not one's own to undo."""

    code = "intake.unknown-act"


class AlreadyUndone(Conflict):
    """The act was undone before, its time is over, or its row has moved on."""

    code = "intake.act-undone"


class NoteNeeded(Invalid):
    """What is done about a row needs its reason."""

    code = "intake.note-needed"


class BadDate(Invalid):
    """The day lies in the past, or further ahead than is let go unlooked at."""

    code = "intake.bad-date"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of rows that were settled together: how many went in, and the others by row with the reason."""

    went_in: int
    left: tuple[tuple[int, str, str], ...]  # row id, Chinese, English


def accept(row_ids: Sequence[int], *, by: Actor) -> Settled:
    """Puts what is suggested into the cells of these rows, at most ``MOST``, and brings in those that lack nothing then.

    A row that cannot go in stays as it is, with no act. Pressed twice it happens once. Raises NotAllowed.
    """
    require(by, Action.SETTLE_DOUBTS)
    went_in, left = 0, []
    for row_id in dict.fromkeys(row_ids[:MOST]):
        try:
            _accept(row_id, by)
            went_in += 1
        except (
            NotWaiting, NoSuggestion, NobodysCode, StillWrong, locks.WindowLocked, views.UnknownSubmission,
        ) as error:  # fmt: skip
            left.append((row_id, error.zh, error.en))
    return Settled(went_in, tuple(left))


def waive(submission_id: int, row_no: int, *, reason: str, until: date, by: Actor) -> int:
    """Lets a row in whose doubts are known and taken responsibility for, until a day; then it waits again. Errors, and whose
    row it is, are not waived. Returns the act.

    Raises NotAllowed, NotWaiting, NotWaivable, StillWrong, WindowLocked, NoteNeeded, BadDate.
    """
    require(by, Action.WAIVE_DOUBTS)
    said, day = _said(reason), _day(until, LONGEST_WAIVER)
    with transaction.atomic():
        row, submission = _waiting(submission_id, row_no, by)
        found = _findings(row)
        doubts = [one for one in found if one.severity == "doubtful"]
        if any(one.severity == "error" for one in found) or not doubts:
            raise NotWaivable(
                "错误不能豁免，须由信源单位更正后重报；只有“疑问”可以豁免。",
                "An error is not waived: its source must correct it. Only doubts are.",
            )
        made = _enter(Kind.WAIVED, row, by, finding_id=doubts[0].pk, note=said, until=day)
        _go_in(submission, row, waived={one.rule for one in doubts})
    return made


def send_back(submission_id: int, row_no: int, *, note: str, due: date, by: Actor) -> int:
    """Asks the department to correct the row by a day. Returns the act. Raises NotAllowed, NotWaiting, NoteNeeded, BadDate."""
    require(by, Action.WAIVE_DOUBTS)
    said, day = _said(note), _day(due, LONGEST_DEADLINE)
    with transaction.atomic():
        row, submission = _waiting(submission_id, row_no, by)
        made = _enter(Kind.SENT_BACK, row, by, note=said, until=day)
        told.sent_back(RowAct.objects.get(pk=made), submission, by=by)
        return made


def pass_on(submission_id: int, row_no: int, *, note: str, by: Actor) -> int:
    """Asks the credit centre to decide: the department holds the row for right as it is. Returns the act. Raises NotAllowed,
    NotWaiting, NoteNeeded."""
    require(by, Action.SETTLE_DOUBTS)
    said = _said(note)
    with transaction.atomic():
        row, _ = _waiting(submission_id, row_no, by)
        return _enter(Kind.PASSED_ON, row, by, note=said)


def confirm(submission_id: int, finding_id: int, *, reason: str, by: Actor) -> int:
    """Says that what was warned of is accurate; the warning is closed and its reason kept. Returns the act. Raises NotAllowed,
    NothingWarned, NoteNeeded."""
    require(by, Action.SETTLE_DOUBTS)
    said = _said(reason)
    with transaction.atomic():
        _reachable(submission_id, by)
        found = (
            Finding.objects.select_for_update()
            .filter(pk=finding_id, submission_id=submission_id, severity="warning", closed_at__isnull=True)
            .first()
        )
        if found is None:
            raise NothingWarned(
                "没有这条待确认的提醒，可能已确认。", "There is no such open warning; it may have been confirmed."
            )
        found.closed_at = clock.now()
        found.save(update_fields=["closed_at"])
        return _enter(Kind.CONFIRMED, found, by, finding_id=found.pk, note=said)


def undo(act_id: int, *, submission_id: int, by: Actor) -> None:
    """Takes an act back: what went in by it is withdrawn and waits again, a confirmed warning is open again.

    The operator undoes what the operator or the department did; the department what it did itself. Raises NotAllowed,
    UnknownAct, AlreadyUndone.
    """
    require(by, Action.SETTLE_DOUBTS)
    with transaction.atomic():
        _reachable(submission_id, by)
        act = RowAct.objects.filter(pk=act_id, submission_id=submission_id, undoes__isnull=True).first()
        is_bounded = Action.SETTLE_DOUBTS in BOUNDED.get(by.role, frozenset())
        if act is None or (is_bounded and act.by_role != by.role):
            raise UnknownAct("没有这条处理，或它不由您撤销。", "There is no such act, or it is not yours to undo.")
        _take_back(act, Kind.UNDONE, by)


def end_waivers(*, today: date, by: Actor) -> int:
    """Waivers whose day has come end: their rows wait again, openly; where a later submission has brought the datum anew, or the
    row's was taken back, nothing waits. Returns how many ended. Safe to run again. Raises NotAllowed."""
    require(by, Action.OPERATE)
    due = RowAct.objects.filter(kind=Kind.WAIVED, until__lte=today, rowact__isnull=True).order_by("id")
    ended = 0
    for act in list(due):
        try:
            with transaction.atomic():
                _take_back(act, Kind.ENDED, by)
            ended += 1
        except AlreadyUndone:  # somebody was quicker
            continue
    return ended


def _accept(row_id: int, by: Actor) -> None:
    with transaction.atomic():
        found = WaitingRow.objects.filter(pk=row_id).values_list("submission_id", "row_no").first()
        if found is None:
            raise _not_waiting()
        row, submission = _waiting(*found, by)
        suggested = _findings(row)
        changes = doubts.changes_of(suggested)
        if not changes:
            raise NoSuggestion(
                "这一行没有可以直接采纳的建议，请由信源单位更正后重报。",
                "Nothing is suggested for this row that could be put into a cell; its source must correct it.",
            )
        _require_known(submission, changes)
        one = next(one for one in suggested if one.field in changes and one.suggestion)
        _enter(Kind.ACCEPTED, row, by, finding_id=one.pk)
        _go_in(submission, row, changes=changes)


def _require_known(submission: Submission, changes: dict[str, str]) -> None:
    """A code that one change makes right can be another's than was meant, so it names somebody only when the register has
    them; that the name agrees is checked on the row's way in."""
    field = publish.version(submission.item_id, submission.item_version).roles.subject_code
    suggested = changes.get(field or "")
    if suggested is not None and not resolve.by_codes([suggested]).num_rows:
        raise NobodysCode(
            "建议的代码在主体库中没有登记，不能据此入库，请由信源单位核对后重报。",
            "The suggested code is not in the register, so the row cannot go in under it; its source must check it.",
        )


def _go_in(
    submission: Submission, row: WaitingRow, *, changes: dict[str, str] | None = None, waived: Iterable[str] = ()
) -> None:
    _require_open(submission, again.values(row) | (changes or {}))
    brought = again.bring_in(submission, [row], changes={row.row_no: changes or {}}, waived=frozenset(waived))
    if row.row_no not in brought.row_nos:
        raise again.still_wrong(brought.faults.get(row.row_no))
    again.close(submission.pk, [row.row_no])


def _require_open(submission: Submission, cells: dict[str, str]) -> None:
    """Settling a row corrects its period, today."""
    roles = publish.version(submission.item_id, submission.item_version).roles
    day = _values.read_date(cells.get(roles.decided_on, ""))
    if day is not None:
        locks.require_open(submission.source_id, submission.item_id, {day: 1}, received_at=clock.now())


def _take_back(act: RowAct, kind: str, by: Actor) -> None:
    try:
        with transaction.atomic():
            _enter(kind, act, by, finding_id=act.finding_id, undoes=act)
    except IntegrityError as error:
        raise _already() from error
    if act.kind == Kind.CONFIRMED and act.finding_id is not None:
        Finding.objects.filter(pk=act.finding_id).update(closed_at=None, closed_by=None)
    if act.kind not in {Kind.ACCEPTED, Kind.WAIVED}:
        return
    row = WaitingRow.objects.select_for_update().get(submission_id=act.submission_id, row_no=act.row_no)
    standing = history.brought(act.submission_id, act.row_no, as_of=clock.today(), seen_by=by)
    if row.closed_by == act.submission_id and standing and not (standing[0].is_withdrawn or standing[0].is_replaced):
        again.take_out(act.submission_id, act.row_no, subject_id=standing[0].subject_id)
    elif kind != Kind.ENDED:
        raise _already()


def _findings(row: WaitingRow) -> list[Finding]:
    return list(
        Finding.objects.filter(
            submission_id=row.submission_id, row_no=row.row_no, closed_at__isnull=True
        ).order_by("id")
    )  # fmt: skip


def _waiting(submission_id: int, row_no: int, by: Actor) -> tuple[WaitingRow, Submission]:
    """The row, locked: a second press waits for the first and finds it closed. Raises NotWaiting, NotAllowed."""
    submission = _reachable(submission_id, by)
    row = (
        WaitingRow.objects.select_for_update()
        .filter(submission_id=submission_id, row_no=row_no, closed_at__isnull=True)
        .first()
    )
    if row is None:
        raise _not_waiting()
    return row, submission


def _reachable(submission_id: int, by: Actor) -> Submission:
    views.find(submission_id, seen_by=by)  # another department's looks like none
    submission = again.submission(submission_id)
    require(by, Action.SETTLE_DOUBTS, department=submission.source.code, item=submission.item_id)
    return submission


def _enter(
    kind: str, about: WaitingRow | Finding | RowAct, by: Actor, *, finding_id: int | None = None, note: str = "",
    until: date | None = None, undoes: RowAct | None = None,
) -> int:  # fmt: skip
    made = RowAct.objects.create(
        submission_id=about.submission_id, row_no=about.row_no, kind=kind, at=clock.now(), by_name=by.name,
        by_role=by.role.value, finding_id=finding_id, note=note, until=until, undoes=undoes,
    )  # fmt: skip
    audit.enter(
        _EVENTS[Kind(kind)], by=by, object_kind="row", object_ref=f"{about.submission_id}/{about.row_no}",
        purpose=note, act=made.pk, until=until.isoformat() if until else None, undoes=undoes.pk if undoes else None,
    )  # fmt: skip
    return made.pk


def _said(text: str) -> str:
    said = unnumbered(" ".join(text.split()))
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise NoteNeeded(
            f"请写明理由（{_SHORTEST} 至 {_LONGEST} 字）。理由会留存，单位和信用中心都能看到。",
            f"Say why ({_SHORTEST} to {_LONGEST} characters). The reason is kept and shown to both sides.",
        )
    return said


def _day(day: date, most: timedelta) -> date:
    today = clock.today()
    if not today < day <= today + most:
        raise BadDate(f"日期应在明天至 {today + most} 之间。", f"The day lies between tomorrow and {today + most}.")
    return day


def _not_waiting() -> NotWaiting:
    return NotWaiting(
        "这一行已不在待处理之列，可能刚被处理。", "This row does not wait any more; it may just have been settled."
    )


def _already() -> AlreadyUndone:
    return AlreadyUndone(
        "这条处理已被撤销、已到期，或这一行后来又有变动。请看最新情况。",
        "The act was undone, its time is over, or the row has moved on. Look at it as it is now.",
    )
