"""依据被撤销 The decision behind a record was annulled, changed, or found unlawful or void: its source withdraws the record within three
working days of knowing, with the reason; the subject and every recipient are told.

Whoever answers for the record notes it and withdraws in one act; the credit centre, which reads judgments too, notes it and the source is
told: the days run from the day it knew, what is over is shown in hours and told. The archive has a writer of its own, so a withdrawal is
ordered first, which is what counts, and then carried out: one that was broken off in between is finished by the hourly job, once.
Source: 行政处罚法 48 (变更、撤销、确认违法或者确认无效的，三日内撤回并公开说明理由), 85 (三日 are working days); INV-64 (E_ANNUL), INV-76.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from xinyong.catalogue import publish, tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import annotations, expiry, history, withdrawal
from xinyong.records.dossier import UnknownRecord
from xinyong.records.history import Brought
from xinyong.rights import effects, recipients, whose
from xinyong.rights.effects import Cause, Happening
from xinyong.rights.models import Annulment, AnnulmentDone, AnnulmentOrder
from xinyong.rights.recipients import RecipientView
from xinyong.security import audit, identity, scope, separation
from xinyong.security.access import Action, Actor, Role, require, system
from xinyong.security.models import Department
from xinyong.workflow import notices, subject_notices
from xinyong.workflow.kinds import Kind
from xinyong.workflow.subject_kinds import SubjectKind

#: Working days from the day the source knew.
TERM_DAYS = 3
BASIS = "行政处罚法第四十八条、第八十五条：三日（工作日）内撤回并公开说明理由"
#: Cause → what it is called, as the law names it.
CAUSES: dict[str, tuple[str, str]] = {
    Annulment.Cause.REVOKED: ("决定被撤销", "The decision was annulled"),
    Annulment.Cause.CHANGED: ("决定被变更", "The decision was changed"),
    Annulment.Cause.UNLAWFUL: ("决定被确认违法", "The decision was found unlawful"),
    Annulment.Cause.VOID: ("决定被确认无效", "The decision was found void"),
}
_HOUR = timedelta(hours=1)
_SHORTEST, _LONGEST, _LONGEST_NAME = 4, 300, 100


class BadAnnulment(Invalid):
    """A withdrawal names its cause out of the law's list, the instrument and the body, and the day its source knew (INV-64, E_ANNUL)."""

    code = "rights.annulment-reason"


class NothingToWithdraw(Conflict):
    """The row has no record any more: it was withdrawn, or a later submission has the word."""

    code = "rights.annulment-nothing"


class UnknownAnnulment(NotFound):
    """No such annulment, or it is about another department's record."""

    code = "rights.unknown-annulment"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of it: the cause, the instrument that annuls and its body, since when the source knows, and in a few words why."""

    cause: str
    instrument: str
    body: str
    known_on: date
    explanation: str


@dataclass(frozen=True, slots=True)
class AnnulmentView:
    """An annulment. ``due_on``: the last day in time; ``hours_over``: whole hours past it, until it was ordered or until now. A person's
    has neither code, name nor title."""

    id: int
    subject_code: str
    subject_name: str
    item_zh: str
    item_en: str
    title: str
    source_name: str
    cause: str
    cause_zh: str
    cause_en: str
    instrument: str
    body: str
    explanation: str
    known_on: date
    due_on: date
    hours_over: int
    days_left: int
    noted_at: datetime
    noted_unit: str
    ordered_at: datetime | None
    done_at: datetime | None

    @property
    def is_open(self) -> bool:
        """The source has not withdrawn yet."""
        return self.ordered_at is None


@dataclass(frozen=True, slots=True)
class Followed:
    """What one round did: withdrawals carried out that were broken off, sources told that they are late."""

    carried_out: int
    over: int


def record(submission_id: int, row_no: int, *, by: Actor, at: datetime) -> Brought:
    """The record that a row brought and that stands, of the actor's own department. Raises UnknownRecord (no such row, or another
    department's, which looks the same), NothingToWithdraw, NotAllowed."""
    require(by, Action.ANNUL_RECORD)
    found = history.brought(submission_id, row_no, as_of=clock.day(at), seen_by=by)
    if not found:
        raise UnknownRecord(
            "这一行没有带来信息，或者不是贵单位报送的。", "The row brought no record, or is not your department's."
        )
    standing = [one for one in found if not one.is_withdrawn and not one.is_replaced]
    if not standing:
        raise NothingToWithdraw(
            "这一行没有在用的信息：已经撤回，或者以后的报送已经替换。",
            "The row has no record that stands: it was withdrawn, or a later submission has replaced it.",
        )
    return standing[0]


def note(
    submission_id: int, row_no: int, said: Said, *, token: str, by: Actor, at: datetime
) -> AnnulmentView:  # fmt: skip
    """Notes that the basis of a record fell. A source withdraws the record with it; noted by the centre, the source is told and has
    what is left of its three days. The same form again: once. Raises BadAnnulment, NothingToWithdraw, NotAllowed."""
    made = _noted(submission_id, row_no, said, token, by, at)
    return withdraw(made.pk, by=by, at=at) if by.role is Role.SOURCE_UNIT else find(made.pk, seen_by=by, at=at)


def withdraw(annulment_id: int, *, by: Actor, at: datetime) -> AnnulmentView:
    """Its source withdraws the record: from here on it is carried out, whatever happens. Withdrawn twice: once. Raises UnknownAnnulment,
    NotAllowed."""
    found = _found(annulment_id, by)
    require(by, Action.ANNUL_RECORD, department=found.source.code)
    if by.role is Role.OPERATOR:
        raise BadAnnulment(
            f"信息由数据来源单位（{found.source.name}）撤回；信用中心登记后由系统通知该单位。",
            f"Its source ({found.source.name}) withdraws the record; the centre notes it and the source is told.",
            invariant="E_ANNUL",
        )
    _order(found, by, at)
    carry_out(annulment_id, by=by, at=at)
    return find(annulment_id, seen_by=by, at=at)


def carry_out(annulment_id: int, *, by: Actor, at: datetime) -> bool:
    """Does what was ordered: the archive says withdrawn, its clocks have ended with the reason, recipients and subject are told. False
    when it was done before. Begun again after a break, it goes on."""
    with scope.acting(system("annulment")):
        found = Annulment.objects.select_related("source", "order").get(pk=annulment_id)
        with separation.as_loader() as own, own.transaction():
            withdrawal.withdraw_datum(own, subject_id=found.subject_id, ref=found.ref, now=at)
        try:
            with transaction.atomic():
                return _carried_out(found, by, at)
        except IntegrityError:  # another process was quicker
            return False


def find(annulment_id: int, *, seen_by: Actor, at: datetime) -> AnnulmentView:
    """One of them. Raises UnknownAnnulment, NotAllowed."""
    return _view(_found(annulment_id, seen_by), at)


def recipients_of(annulment_id: int, *, seen_by: Actor, at: datetime) -> Sequence[RecipientView]:
    """Who was told, and who has acknowledged. Raises UnknownAnnulment, NotAllowed."""
    return recipients.of_annulment(_found(annulment_id, seen_by).pk, at=at)


def listing(
    *, is_done: bool = False, after: int | None = None, limit: int = 20, seen_by: Actor, at: datetime
) -> list[AnnulmentView]:  # fmt: skip
    """Those that wait, the most pressing first (at most 500), or those that are done, the newest first; a department's are its own. One
    entry. Raises NotAllowed."""
    require(seen_by, Action.ANNUL_RECORD)
    audit.enter(
        audit.Event.ANNULMENTS_VIEWED, by=seen_by, object_kind="annulments", object_ref="done" if is_done else "open"
    )
    rows = _reach(seen_by).filter(order__isnull=not is_done)
    if not is_done:
        return [_view(one, at) for one in rows.order_by("known_on", "id")[:500]]
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return [_view(one, at) for one in rows.order_by("-id")[:limit]]


def follow(*, by: Actor, at: datetime) -> Followed:
    """One round of the clock: carries out what was ordered and broken off, tells sources that are late, once each. One entry where there
    was anything. Raises NotAllowed."""
    require(by, Action.OPERATE)
    with scope.acting(system("annulment")):
        broken = list(Annulment.objects.filter(order__isnull=False, done__isnull=True).values_list("pk", flat=True))
        late = [
            one for one in Annulment.objects.select_related("source").filter(order__isnull=True).order_by("id")
            if _hours_over(one, at)
        ]  # fmt: skip
    carried = sum(carry_out(pk, by=by, at=at) for pk in broken)
    over = 0
    with transaction.atomic():
        for one in late:
            over += _tell_source(Kind.ANNULLED_OVERDUE, one, by=by, at=at)
        if carried or over:
            audit.enter(
                audit.Event.REMINDERS_TOLD, by=by, object_kind="annulments", object_ref=clock.day(at).isoformat(), near=carried,
                overdue=over,
            )  # fmt: skip
    return Followed(carried, over)


@transaction.atomic
def _noted(submission_id: int, row_no: int, said: Said, token: str, by: Actor, at: datetime) -> Annulment:
    require(by, Action.ANNUL_RECORD)
    before = Annulment.objects.filter(token=token).first()
    if before is not None:
        return before
    about = record(submission_id, row_no, by=by, at=at)
    cause, instrument, body, explanation = _checked(said, at)
    one, is_person = about.record, about.subject_code is None
    source = Department.objects.get(
        pk=annotations.datum(about.subject_id, one.ref, as_of=clock.day(at), known_at=at).source_id
    )
    require(by, Action.ANNUL_RECORD, department=source.code, item=one.item_id)
    try:
        with transaction.atomic():
            made = Annulment.objects.create(
                subject_id=about.subject_id, subject_code=about.subject_code or "",
                subject_name="" if is_person else one.subject_name, source=source, item_id=one.item_id, ref=one.ref,
                title="" if is_person else one.title[:200], version=one.version, cause=cause, instrument=instrument, body=body,
                explanation=explanation, known_on=said.known_on, noted_at=at, noted_by=by.name, noted_unit=_unit(by), token=token,
            )  # fmt: skip
    except IntegrityError:  # the same form, twice at once
        return Annulment.objects.get(token=token)
    audit.enter(
        audit.Event.ANNULMENT_NOTED, by=by, object_kind="annulment", object_ref=str(made.pk), item=made.item_id,
        source=source.code, cause=cause, known_on=said.known_on.isoformat(),
    )  # fmt: skip
    if by.role is not Role.SOURCE_UNIT:
        _tell_source(Kind.ANNULLED, made, by=by, at=at)
    return made


def _checked(said: Said, at: datetime) -> tuple[str, str, str, str]:
    """What was said, tidied. Raises BadAnnulment."""
    instrument, body = (unnumbered(" ".join(text.split())) for text in (said.instrument, said.body))
    explanation = unnumbered(" ".join(said.explanation.split()))
    is_whole = 2 <= len(instrument) <= _LONGEST_NAME and 2 <= len(body) <= _LONGEST_NAME
    if said.cause not in CAUSES or not is_whole or not _SHORTEST <= len(explanation) <= _LONGEST:
        raise BadAnnulment(
            "请选择撤回的情形（被撤销、被变更、被确认违法、被确认无效），写明文书号、作出机关和理由。",
            "Choose the cause (annulled, changed, found unlawful or void); give the instrument's number, the body and the reason.",
            invariant="E_ANNUL",
        )
    if said.known_on > clock.day(at):
        raise BadAnnulment("知道之日不能晚于今天。", "The day it was known is not after today.", invariant="E_ANNUL")
    return said.cause, instrument, body, explanation


@transaction.atomic
def _order(found: Annulment, by: Actor, at: datetime) -> None:
    """Orders the withdrawal, with its entry: no record is taken out without one."""
    if AnnulmentOrder.objects.filter(annulment=found).exists():
        return
    over = _hours_over(found, at)
    try:
        with transaction.atomic():
            AnnulmentOrder.objects.create(annulment=found, at=at, by_name=by.name, unit=_unit(by), hours_over=over)
    except IntegrityError:  # pressed twice at once
        return
    audit.enter(
        audit.Event.RECORD_ANNULLED, by=by, object_kind="annulment", object_ref=str(found.pk), purpose=found.explanation[:200],
        item=found.item_id, source=found.source.code, cause=found.cause, hours_over=over,
    )  # fmt: skip


def _carried_out(found: Annulment, by: Actor, at: datetime) -> bool:
    whose.hold(found.subject_id)
    if AnnulmentDone.objects.filter(annulment=found).exists():
        return False
    expiry.end_now(
        found.subject_id, found.ref, item_id=found.item_id, reason=f"basis-{found.cause}", on=clock.day(at), noted_at=at
    )
    what = Happening(
        Cause.WITHDRAWN, at, found.subject_id, subject_code=found.subject_code, item_id=found.item_id, ref=found.ref,
        annulment_id=found.pk,
    )  # fmt: skip
    AnnulmentDone.objects.create(annulment=found, at=at, effects=effects.carry_out(what))
    item, (zh, en) = publish.current(found.item_id), CAUSES[found.cause]
    subject_notices.tell(
        SubjectKind.INFORMATION_REMOVED, subject_id=found.subject_id,
        facts={
            "source": found.source.name, "count": 1, "item_zh": item.title_zh, "item_en": item.title_en, "why_zh": zh,
            "why_en": en[0].lower() + en[1:],
        },
        link="/own/records/", key=f"annulment/{found.pk}", by=by, at=at,
    )  # fmt: skip
    return True


def _tell_source(kind: Kind, one: Annulment, *, by: Actor, at: datetime) -> int:
    item, (zh, en) = publish.current(one.item_id), CAUSES[one.cause]
    told = notices.tell(
        kind, department_id=one.source_id,
        facts={
            "case": one.pk, "item_zh": item.title_zh, "item_en": item.title_en, "why_zh": zh, "why_en": en,
            "due": _due(one).isoformat(),
        },
        link=f"/office/annulments/{one.pk}/", key=str(one.pk), by=by, at=at,
    )  # fmt: skip
    return int(told is not None)


def _found(annulment_id: int, by: Actor) -> Annulment:
    require(by, Action.ANNUL_RECORD)
    found = _reach(by).filter(pk=annulment_id).first()
    if found is None:
        raise UnknownAnnulment(
            "没有这件撤回事项，或它不是贵单位的信息。",
            "There is no such annulment, or it is not about your department's record.",
        )
    return found


def _reach(by: Actor) -> "QuerySet[Annulment]":
    rows = Annulment.objects.select_related("source", "order", "done")
    if by.role is Role.SOURCE_UNIT:
        rows = rows.filter(source__code=by.department)
    return rows if by.items is None else rows.filter(item_id__in=by.items)


def _due(one: Annulment) -> date:
    return tables.calendar().add_working_days(one.known_on, TERM_DAYS).on


def _hours_over(one: Annulment, at: datetime) -> int:
    late = at - datetime.combine(_due(one) + timedelta(days=1), time(), tzinfo=clock.ZONE)
    return max(late // _HOUR, 1) if late > timedelta() else 0


def _view(one: Annulment, at: datetime) -> AnnulmentView:
    item, (zh, en) = publish.current(one.item_id), CAUSES[one.cause]
    order, done = getattr(one, "order", None), getattr(one, "done", None)
    due_on, calendar = _due(one), tables.calendar()
    ahead = [clock.day(at) + timedelta(days=n) for n in range(1, max((due_on - clock.day(at)).days, 0) + 1)]
    return AnnulmentView(
        id=one.pk, subject_code=one.subject_code, subject_name=one.subject_name, item_zh=item.title_zh, item_en=item.title_en,
        title=one.title, source_name=one.source.name, cause=one.cause, cause_zh=zh, cause_en=en, instrument=one.instrument,
        body=one.body, explanation=one.explanation, known_on=one.known_on, due_on=due_on,
        hours_over=order.hours_over if order else _hours_over(one, at),
        days_left=sum(calendar.is_working(day) for day in ahead), noted_at=one.noted_at, noted_unit=one.noted_unit,
        ordered_at=order.at if order else None, done_at=done.at if done else None,
    )  # fmt: skip


def _unit(by: Actor) -> str:
    if by.role is Role.SOURCE_UNIT and by.department:
        return identity.source_unit(by.department, even_closed=True).name
    return str(settings.SITE_NAME)
