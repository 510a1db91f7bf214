"""变更通道 The change feed of the base register: events of an authority, applied in its order, each once.

An event is kept first and applied then. Events of the register's entries go in as rows of its catalogue item, through the
same checks as a file; a run of events about different organisations is one submission. What a run is, is written in the
transaction that enters its submission: killed anywhere, the next call finishes it (``advance``), and nothing is applied twice.
An event that is refused has had its turn: the authority sends the right one under a new number, and the rest need not wait.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake import _change_rows as change_rows
from xinyong.intake import again, interruptions, submit
from xinyong.intake._change_rows import KINDS, Change, Reason, reason
from xinyong.intake.models import Finding, WaitingRow
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, XinyongError
from xinyong.records import archive
from xinyong.security import audit, encryption, identity, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.security.identity import SourceUnit
from xinyong.subjects import changes, resolve, succession
from xinyong.subjects.changes import Kept, Outcome, Run, Sent, State, Told

ITEM = "organisation-register"
CHANNEL = submit.FEED
#: Events of one call, and of one submission.
MOST = 500
#: A number farther ahead than this is a mistake: nobody could fill such a gap.
_FARTHEST = 1_000_000
#: How long a call waits for another that is applying.
_PATIENCE = "20s"
_APPLYING = 7309

WAITING, SKIPPED, CONFLICT = "waiting", "skipped", "conflict"


class FeedBusy(Conflict):
    """Another process is applying changes of this authority, for longer than anybody should wait."""

    code = "intake.feed-busy"


class TooFarAhead(Invalid):
    """A number lies so far beyond the last that the gap can never close."""

    code = "intake.change-too-far-ahead"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an event. ``outcome``: applied, refused, waiting (for the numbers before it), skipped (its number was
    given up), conflict (the number or the name stood for another event). ``is_repeated``: it was sent before."""

    sequence: int
    outcome: str
    is_repeated: bool
    reasons: tuple[Reason, ...] = ()
    submission_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedView:
    """How far an authority's feed is. ``is_late``: the gap has lasted longer than it should."""

    source_code: str
    source_name: str
    state: State
    is_late: bool


def receive(
    events: Sequence[Change], *, source_code: str, by: Actor, received_at: datetime
) -> tuple[list[Answer], FeedView]:
    """Keeps events and applies what is due; an answer for each, in order, and how far the feed is then.

    Sent again it is answered again, and nothing happens twice. Raises NotAllowed, UnknownDepartment.
    """
    require(by, Action.SUBMIT, department=source_code, item=ITEM)
    source = identity.source_unit(source_code)
    item = publish.current(ITEM, on=received_at.date())
    with transaction.atomic():
        changes.lock(source.id)
        judged = _keep(events, item, source, by=by, at=received_at)
    with suppress(FeedBusy):  # whoever is at it, or the worker, applies these too; they are answered as waiting
        advance(source)
    told = changes.told(source.id, [one.sequence for one in events])
    answers = [
        Answer(sequence, outcome, is_repeated=True) if outcome else _answer(told[sequence], is_repeated)
        for sequence, outcome, is_repeated in judged
    ]
    return answers, _view(source, clock.now())


def state(*, source_code: str, seen_by: Actor, now: datetime) -> FeedView:
    """How far an authority's own feed is, so that it sends on from there. One audit entry. Raises NotAllowed,
    UnknownDepartment."""
    require(seen_by, Action.SUBMIT, department=source_code, item=ITEM)
    audit.enter(audit.Event.FEEDS_VIEWED, by=seen_by, object_kind="register-feed", object_ref=source_code)
    return _view(identity.source_unit(source_code), now)


def feeds(*, seen_by: Actor, now: datetime) -> list[FeedView]:
    """Every feed, for the operator; one audit entry. Raises NotAllowed."""
    require(seen_by, Action.MANAGE_FEEDS)
    audit.enter(audit.Event.FEEDS_VIEWED, by=seen_by, object_kind="register-feed", object_ref="all")
    return [_view(source, now) for source in _sources()]


def refused(*, source_code: str, seen_by: Actor, before: int | None = None, limit: int = 50) -> list[Told]:
    """Events of an authority that were refused, the newest first; the page's entry is that of ``feeds``. Raises NotAllowed,
    UnknownDepartment."""
    require(seen_by, Action.MANAGE_FEEDS)
    return changes.refused(identity.source_unit(source_code).id, before=before, limit=limit)


def skip(*, source_code: str, until: int, reason: str, by: Actor, now: datetime) -> tuple[int, int]:
    """Gives up the missing numbers up to ``until``, and applies what waited for them. Raises NoGap, NotAllowed."""
    source = identity.source_unit(source_code)
    done = changes.skip(source, until=until, reason=reason, by=by, at=now)
    with suppress(FeedBusy):
        advance(source)
    return done


def late(*, now: datetime) -> list[FeedView]:
    """Feeds with a gap that has lasted too long."""
    found = [_view(source, now) for source in _sources()]
    return [one for one in found if one.is_late]


def advance_all() -> None:
    """Applies what is due of every feed: the worker calls it, for what a killed process left."""
    for source in _sources():
        if changes.under_way(source.id) or changes.due(source.id, limit=1):
            advance(source)


def advance(source: SourceUnit) -> int:
    """Applies everything that is due of one feed; returns how many events got their outcome. Raises FeedBusy."""
    by, done = system("feed"), 0
    with scope.acting(by), _alone(source.id):
        item = publish.current(ITEM, on=clock.today())
        while True:
            run = changes.under_way(source.id)
            if run is not None:
                done += _finish(run, source, by=by)
                continue
            due = changes.due(source.id, limit=MOST)
            if not due:
                return done
            done += _begin(due, source, item, by=by)


def _keep(
    events: Sequence[Change], item: Item, source: SourceUnit, *, by: Actor, at: datetime
) -> list[tuple[int, str, bool]]:
    """(number, what is to be answered at once or "", whether it was sent before) for each event."""
    known = {number: one.digest for number, one in changes.told(source.id, [one.sequence for one in events]).items()}
    names = changes.named(source.id, [one.event_id for one in events])
    position = changes.position(source.id)
    judged: list[tuple[int, str, bool]] = []
    new: list[Sent] = []
    for event in events:
        text = json.dumps(event.plain(), ensure_ascii=False, sort_keys=True)
        digest = encryption.digest(text, kind="register-change")
        if event.sequence in known:
            judged.append((event.sequence, "" if known[event.sequence] == digest else CONFLICT, True))
        elif event.event_id in names:
            judged.append((event.sequence, CONFLICT, True))
        elif event.sequence <= position:
            judged.append((event.sequence, SKIPPED, True))
        else:
            if event.sequence > position + _FARTHEST:
                raise _too_far(event.sequence, position)
            faults = change_rows.faults(event, item, today=clock.day(at))
            content = (json.dumps(faults, ensure_ascii=False) if faults else text).encode()
            code = change_rows.organisation_code(event.code)
            new.append(Sent(event.sequence, event.event_id, event.kind, code, event.on, digest, content))
            known[event.sequence], names[event.event_id] = digest, event.sequence
            judged.append((event.sequence, "", False))
    if new:
        changes.keep(new, source_id=source.id, by=by, at=at)
        audit.enter(
            audit.Event.CHANGES_RECEIVED, by=by, object_kind="register-feed", object_ref=source.code, count=len(new),
            first=min(one.sequence for one in new), last=max(one.sequence for one in new),
        )  # fmt: skip
    return judged


def _too_far(sequence: int, position: int) -> TooFarAhead:
    return TooFarAhead(
        f"序号 {sequence} 比已处理到的 {position} 超前太多，整批没有收下。请核对序号；如本通道应从中间开始，请信用中心先跳过之前的序号。",
        f"The number {sequence} is too far beyond {position}; the batch was not taken. Check it. If the feed is to begin in the "
        "middle, have the credit centre skip the numbers before.",
    )


def _begin(due: Sequence[Kept], source: SourceUnit, item: Item, *, by: Actor) -> int:
    """Takes the next events: one that is no entry by itself, or as many entries as are about different organisations."""
    first = _read(due[0])
    if not isinstance(first, Change) or first.kind not in change_rows.OF_ENTRY:
        _settle_one(due[0], first, source, by=by)
        return 1
    taken: dict[str, Change] = {}
    for one in due:
        event = _read(one)
        if not isinstance(event, Change) or event.kind not in change_rows.OF_ENTRY or one.code in taken:
            break
        taken[one.code] = event
    _enter(taken, source, item, by=by)
    return 0


def _read(one: Kept) -> Change | list[Reason]:
    """The event as it was sent, or why it was not kept."""
    plain = json.loads(one.content)
    return plain if isinstance(plain, list) else Change.of(plain)


def _settle_one(one: Kept, event: Change | list[Reason], source: SourceUnit, *, by: Actor) -> None:
    outcome, reasons, now = Outcome.APPLIED, list[Reason](), clock.now()
    with transaction.atomic():
        changes.lock(source.id)
        if not isinstance(event, Change):
            outcome, reasons = Outcome.REFUSED, event
        else:
            try:
                with transaction.atomic():
                    _succeed(event, one.id, source.id, by=by, at=now)
            except XinyongError as error:
                outcome, reasons = Outcome.REFUSED, [reason(error.code, error.zh, error.en)]
        changes.settle([(one, outcome, reasons)], source_id=source.id, submission_id=None, at=now)


def _succeed(event: Change, change_id: int, source_id: int, *, by: Actor, at: datetime) -> None:
    if event.kind == change_rows.UNDONE:
        succession.take_back(event.undoes, source_id=source_id, change_id=change_id, by=by, at=at)
        return
    succession.enter(
        relation=event.kind, predecessor=change_rows.organisation_code(event.code),
        successors=[change_rows.organisation_code(one) for one in event.successors], effective_on=event.on,
        instrument=event.instrument, change_id=change_id, by=by, at=at,
    )  # fmt: skip


def _enter(taken: Mapping[str, Change], source: SourceUnit, item: Item, *, by: Actor) -> None:
    """Makes rows of the events over what the register says now, and enters them as a submission; the run is noted with it."""
    known = resolve.by_codes(list(taken))
    ids = dict(zip(known.column("code").to_pylist(), known.column("subject_id").to_pylist(), strict=True))
    standing = archive.standing(list(ids.values()), item_id=item.id, seen_by=by)
    rows = [change_rows.row(event, item, standing.get(ids.get(code, 0), {})) for code, event in taken.items()]
    numbers = [event.sequence for event in taken.values()]
    with tempfile.TemporaryDirectory(prefix="xinyong-feed-") as folder, transaction.atomic():
        changes.lock(source.id)
        path = Path(folder, f"register-changes-{numbers[0]}-{numbers[-1]}.json")
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        entered = submit.receive(
            path, item_id=item.id, source_code=source.code, file_name=path.name, by=by, received_at=clock.now(),
            channel=CHANNEL,
        )  # fmt: skip
        changes.begin(source.id, first=numbers[0], last=numbers[-1], submission_id=entered.id, at=clock.now())


def _finish(run: Run, source: SourceUnit, *, by: Actor) -> int:
    """Does the work on a run's submission, and writes what became of each event. Rows are numbered from 1, as in the run."""
    try:
        done = submit.run(run.submission_id, by=by)
    except (submit.Busy, interruptions.Interrupted) as busy:
        raise _busy() from busy
    told = _said(run.submission_id)
    kept = changes.of_run(run, source.id)
    if done.refusal:
        whole = [reason(done.refusal["code"], done.refusal["zh"], done.refusal["en"])]
        told = dict.fromkeys(range(1, len(kept) + 1), whole)
    outcomes = [
        (one, Outcome.REFUSED if number in told else Outcome.APPLIED, told.get(number, []))
        for number, one in enumerate(kept, start=1)
    ]
    with transaction.atomic():
        changes.lock(source.id)
        changes.settle(outcomes, source_id=source.id, submission_id=run.submission_id, at=clock.now())
        # A refused event is answered by a later one. Its row says what the register said then: brought in later, from the desk,
        # it would undo what has happened since.
        again.close(run.submission_id, sorted(told))
    return len(kept)


def _said(submission_id: int) -> dict[int, list[Reason]]:
    """Row number → why it did not go in."""
    told: dict[int, list[Reason]] = {
        number: [] for number in WaitingRow.objects.filter(submission_id=submission_id).values_list("row_no", flat=True)
    }
    found = Finding.objects.filter(submission_id=submission_id, row_no__in=told).exclude(severity="warning")
    for one in found.order_by("row_no", "id"):
        told[one.row_no].append(
            reason(one.rule, one.message, one.message_en, field=one.field, suggestion=one.suggestion)
        )
    return told


def _answer(one: Told, is_repeated: bool) -> Answer:
    return Answer(
        one.sequence, one.outcome or WAITING, is_repeated, tuple(one.reasons), one.submission_id, one.at
    )  # fmt: skip


def _view(source: SourceUnit, now: datetime) -> FeedView:
    found = changes.state(source.id)
    patience = timedelta(minutes=settings.FEED_GAP_MINUTES)
    is_late = found.gap_since is not None and now - found.gap_since > patience
    return FeedView(source.code, source.name, found, is_late)


def _sources() -> list[SourceUnit]:
    units = {unit.id: unit for unit in identity.source_units()}
    return [units[source_id] for source_id in changes.sources()]


@contextmanager
def _alone(source_id: int) -> Iterator[None]:
    """Holds the right to apply an authority's changes; a killed process loses it at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [_PATIENCE])
        try:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_APPLYING, source_id])
        except OperationalError as error:
            raise _busy() from error
        finally:
            cursor.execute("SELECT set_config('lock_timeout', '0', false)")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_APPLYING, source_id])


def _busy() -> FeedBusy:
    return FeedBusy(
        "该单位的变更正在处理中，已收到的不会丢失，请稍后查询进度。",
        "Changes of this authority are being applied. What was received is kept: ask again in a moment.",
    )


__all__ = [
    "KINDS", "MOST", "Answer", "Change", "FeedBusy", "FeedView", "TooFarAhead", "advance", "advance_all", "feeds", "late",
    "receive", "refused", "skip", "state",
]  # fmt: skip
