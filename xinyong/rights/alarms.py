"""查询告警 What about looks a person should see: many in an hour, at hours when nobody works, at natural persons of one's own family
name, every emergency, and every look about which a complaint was founded. An alarm is a question, never a finding; somebody else than who looked answers it.

The job reads the log, so no door can go past it. Programs are left out: they have their own quotas, and look in bulk by nature. The
family name is a hint only: it is compared in memory, and neither name is kept. Source: security.md T8 (curiosity of officials).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.rights.models import Alarm, AlarmReview
from xinyong.rights.whose import Whose
from xinyong.security import audit, identity, looks, people, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.security.looks import ByOne, One
from xinyong.subjects import sealed_names
from xinyong.workflow import notices
from xinyong.workflow.kinds import Kind

#: How far back the job looks each time: two days of a worker that stood still are caught up.
LOOKS_BACK = timedelta(days=2)
_PERSON = "person:"
_SHORTEST, _LONGEST = 4, 200
#: Family names of two characters among the commonest; all others are taken to have one.
_DOUBLE = frozenset(
    {
        "欧阳", "上官", "司马", "诸葛", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "尉迟", "公孙", "慕容", "令狐", "皇甫", "宇文",
        "长孙", "司徒", "司空", "端木", "申屠", "澹台", "呼延", "轩辕",
    }
)  # fmt: skip


class UnknownAlarm(NotFound):
    """There is no such alarm."""

    code = "rights.unknown-alarm"


class AlreadyReviewed(Conflict):
    """Somebody has reviewed the alarm."""

    code = "rights.alarm-reviewed"


class NotYourOwn(Forbidden):
    """Nobody reviews an alarm about their own looks."""

    code = "rights.own-alarm"


class ReviewIncomplete(Invalid):
    """A review says what came out, in a sentence."""

    code = "rights.review-incomplete"


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm with its review, where there is one. ``is_overdue``: an emergency nobody has reviewed in time."""

    id: int
    kind: str
    actor: str
    department: str
    department_name: str
    count: int
    first_at: datetime
    last_at: datetime
    reason: str
    due_on: date | None
    raised_at: datetime
    is_overdue: bool
    outcome: str
    note: str
    reviewed_at: datetime | None
    reviewed_by: str


def emergency(about: Whose, *, reason: str, by: Actor, at: datetime) -> None:
    """The alarm of a query in an emergency, in the caller's transaction, which noted it; the official's unit is told too."""
    today = clock.day(at)
    due = tables.calendar().add_working_days(today, settings.EMERGENCY_REVIEW_DAYS).on
    with scope.acting(system("alarms")):
        Alarm.objects.create(
            kind=Alarm.Kind.EMERGENCY, key=f"emergency/{by.name}/{at.isoformat()}", actor=by.name,
            department=by.department or "", count=1, first_at=at, last_at=at, reason=reason, due_on=due, raised_at=at,
        )  # fmt: skip
        if by.department:
            notices.tell(
                Kind.EMERGENCY_LOOK, department_id=identity.source_unit(by.department).id,
                facts={"who": by.name, "due": due.isoformat(), "reason": reason}, link="/office/notices/",
                key=f"{by.name}/{at.isoformat()}"[:100], by=by, at=at,
            )  # fmt: skip


def complaint(look: One, *, case_id: int, step: int, reason: str, at: datetime) -> None:
    """The alarm of a look about which a complaint was founded, in the caller's transaction; once for each decision."""
    today = clock.day(at)
    with scope.acting(system("alarms")):
        Alarm.objects.create(
            kind=Alarm.Kind.COMPLAINT, key=f"complaint/{case_id}/{step}", actor=look.actor, department=look.department, count=1,
            first_at=look.at, last_at=look.at, reason=unnumbered(reason)[:_LONGEST], raised_at=at,
            due_on=tables.calendar().add_working_days(today, settings.EMERGENCY_REVIEW_DAYS).on,
        )  # fmt: skip


def founded(actor: str) -> int:
    """How many looks of somebody, or of a program by its id, were found wrong on a complaint; for callers who have checked who asks."""
    with scope.acting(system("alarms")):
        return Alarm.objects.filter(kind=Alarm.Kind.COMPLAINT, actor=actor).count()


@transaction.atomic
def watch(*, now: datetime, by: Actor) -> int:
    """Reads what was looked at lately and raises what is strange; told once however often it runs. Returns how many are new."""
    found = looks.by_people(since=now - LOOKS_BACK)
    wanted = [*_bulk(found), *_out_of_hours(found), *_same_family(found)]
    known = set(Alarm.objects.filter(key__in=[one.key for one in wanted]).values_list("key", flat=True))
    new = [one for one in wanted if one.key not in known]
    for one in new:
        one.raised_at = now
    Alarm.objects.bulk_create(new, ignore_conflicts=True)
    if new:
        audit.enter(audit.Event.ALARMS_RAISED, by=by, object_kind="alarms", object_ref="looks", count=len(new))
    return len(new)


def listing(
    *, seen_by: Actor, at: datetime, only_open: bool = True, after: int | None = None, limit: int = 30
) -> list[AlarmView]:
    """Alarms, the newest first; ``after`` continues a page. One entry. Raises NotAllowed."""
    require(seen_by, Action.REVIEW_ALARMS)
    audit.enter(audit.Event.ALARMS_VIEWED, by=seen_by, object_kind="alarms", object_ref="open" if only_open else "all")
    rows = Alarm.objects.select_related("review").order_by("-id")
    if only_open:
        rows = rows.filter(review__isnull=True)
    if after is not None:
        rows = rows.filter(id__lt=after)
    return _views(rows[:limit], at)


def find(alarm_id: int, *, seen_by: Actor, at: datetime) -> AlarmView:
    """One alarm; one entry. Raises UnknownAlarm, NotAllowed."""
    require(seen_by, Action.REVIEW_ALARMS)
    found = Alarm.objects.select_related("review").filter(pk=alarm_id)
    if not found:
        raise _unknown()
    audit.enter(audit.Event.ALARMS_VIEWED, by=seen_by, object_kind="alarms", object_ref=str(alarm_id))
    return _views(found, at)[0]


def review(alarm_id: int, *, outcome: str, note: str, by: Actor, at: datetime) -> None:
    """Says what came out, once. Raises UnknownAlarm, AlreadyReviewed, NotYourOwn, ReviewIncomplete, NotAllowed."""
    require(by, Action.REVIEW_ALARMS)
    found = Alarm.objects.filter(pk=alarm_id).first()
    if found is None:
        raise _unknown()
    if found.actor == by.name:
        raise NotYourOwn("不能复核自己的查询。请由他人复核。", "Nobody reviews their own looks: somebody else does.")
    said = " ".join(unnumbered(note).split())
    if outcome not in AlarmReview.Outcome.values or not _SHORTEST <= len(said) <= _LONGEST:
        raise ReviewIncomplete(
            f"请选择结论，并写明核实情况（{_SHORTEST} 至 {_LONGEST} 字）。",
            f"Choose what came out, and say what you found ({_SHORTEST} to {_LONGEST} characters).",
        )
    try:
        with transaction.atomic():
            AlarmReview.objects.create(
                alarm=found, outcome=outcome, note=said, reviewed_at=at, reviewed_by=by.name
            )  # fmt: skip
            audit.enter(
                audit.Event.ALARM_REVIEWED,
                by=by,
                object_kind="alarms",
                object_ref=str(found.pk),
                result=outcome,
                reason=said,
            )
    except IntegrityError as error:
        raise AlreadyReviewed("这条告警已经复核过。", "The alarm has been reviewed already.") from error


def _bulk(found: Sequence[ByOne]) -> list[Alarm]:
    """More different subjects in an hour of the clock than is usual."""
    hours: dict[tuple[str, datetime], list[ByOne]] = defaultdict(list)
    for one in found:
        hours[one.actor, one.at.astimezone(clock.ZONE).replace(minute=0, second=0, microsecond=0)].append(one)
    return [
        _alarm(Alarm.Kind.BULK, f"{who}/{hour:%Y-%m-%dT%H}", these, len({one.subject for one in these}))
        for (who, hour), these in hours.items()
        if len({one.subject for one in these}) > settings.LOOKS_AN_HOUR
    ]


def _out_of_hours(found: Sequence[ByOne]) -> list[Alarm]:
    """Looks on days that are not worked, or outside the hours: one alarm a person and day."""
    calendar, (begins, ends) = tables.calendar(), settings.OFFICE_HOURS
    days: dict[tuple[str, date], list[ByOne]] = defaultdict(list)
    for one in found:
        local = one.at.astimezone(clock.ZONE)
        if not calendar.is_working(local.date()) or not time(begins) <= local.time() < time(ends):
            days[one.actor, local.date()].append(one)
    return [_alarm(Alarm.Kind.HOURS, f"{who}/{day}", these, len(these)) for (who, day), these in days.items()]


def _same_family(found: Sequence[ByOne]) -> list[Alarm]:
    """Looks at natural persons who bear the looker's own family name."""
    about = [one for one in found if one.subject.startswith(_PERSON)]
    if not about:
        return []
    own = people.display_names({one.actor for one in about})
    names = sealed_names.names_of({_digest(one) for one in about})
    days: dict[tuple[str, date], list[ByOne]] = defaultdict(list)
    for one in about:
        mine, theirs = family_name(own.get(one.actor, "")), family_name(names.get(_digest(one), ""))
        if mine and mine == theirs:
            days[one.actor, clock.day(one.at)].append(one)
    return [_alarm(Alarm.Kind.SURNAME, f"{who}/{day}", these, len(these)) for (who, day), these in days.items()]


def family_name(name: str) -> str:
    """The family name of a Chinese name; "" where the text is none (a display name such as “operator”)."""
    tidy = "".join(name.split())
    if not 2 <= len(tidy) <= 4 or not all("\u4e00" <= each <= "\u9fff" for each in tidy):
        return ""
    return tidy[:2] if tidy[:2] in _DOUBLE and len(tidy) > 2 else tidy[:1]


def _digest(one: ByOne) -> bytes:
    return bytes.fromhex(one.subject.removeprefix(_PERSON))


def _alarm(kind: Alarm.Kind, key: str, these: Sequence[ByOne], count: int) -> Alarm:
    return Alarm(
        kind=kind, key=f"{kind.value}/{key}", actor=these[0].actor, department=these[-1].department, count=count,
        first_at=these[0].at, last_at=these[-1].at,
    )  # fmt: skip


def _views(rows: Iterable[Alarm], at: datetime) -> list[AlarmView]:
    units = {one.code: one.name for one in identity.source_units()}
    today = clock.day(at)
    views = []
    for one in rows:
        done = getattr(one, "review", None)
        views.append(
            AlarmView(
                one.pk, one.kind, one.actor, one.department, units.get(one.department, ""), one.count, one.first_at,
                one.last_at, one.reason, one.due_on, one.raised_at,
                done is None and one.due_on is not None and one.due_on < today, done.outcome if done else "",
                done.note if done else "", done.reviewed_at if done else None, done.reviewed_by if done else "",
            )
        )  # fmt: skip
    return views


def _unknown() -> UnknownAlarm:
    return UnknownAlarm("没有这条告警。", "There is no such alarm.")
