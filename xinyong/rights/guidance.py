"""培训和约谈 That an organisation on a list was trained or interviewed: entered once, taken back with a later entry, and the share of
those listed who were (target: over 60 %, 沧政字〔2019〕12号).

The share is of organisations: those that stand on a list of the seriously dishonest on the day, and of them those with a training or an
interview within the twelve months before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Section
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.periods import add_months
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import listed
from xinyong.rights.models import Guidance
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import registry

TRAINING, INTERVIEW = Guidance.Kind.TRAINING.value, Guidance.Kind.INTERVIEW.value
KINDS: dict[str, tuple[str, str]] = {TRAINING: ("信用修复培训", "Training"), INTERVIEW: ("约谈", "Interview")}
#: Months before the day that count.
MONTHS = 12
_LONGEST = 300


class UnknownGuidance(NotFound):
    """No such entry, or taken back already."""

    code = "rights.unknown-guidance"


class BadGuidance(Invalid):
    """A training or interview has a kind, a day that is not in the future, and a unit that held it."""

    code = "rights.bad-guidance"


class GuidanceUsed(Conflict):
    """The form was sent before."""

    code = "rights.guidance-entered"


@dataclass(frozen=True, slots=True)
class GuidanceView:
    """One training or interview."""

    id: int
    subject_code: str
    subject_name: str
    kind_zh: str
    kind_en: str
    held_on: date
    unit: str
    note: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those listed on a day were trained or interviewed in the twelve months before; ``percent`` None: nobody is listed."""

    on: date
    listed: int
    guided: int

    @property
    def percent(self) -> float | None:
        """Guided of listed, in percent with one decimal."""
        return round(100 * self.guided / self.listed, 1) if self.listed else None


@transaction.atomic
def enter(
    *, subject_code: str, kind: str, held_on: date, unit: str, note: str, token: str, by: Actor, at: datetime
) -> int:  # fmt: skip
    """Enters a training or an interview; the same form again enters nothing. Raises UnknownSubject, BadGuidance, GuidanceUsed, NotAllowed."""
    require(by, Action.RECORD_GUIDANCE)
    subject = registry.subject(subject_code, seen_by=by)
    said = " ".join(unit.split())
    if kind not in KINDS or not 2 <= len(said) <= 200 or held_on > at.date() or held_on < add_months(at.date(), -60):
        raise BadGuidance(
            "请填写类别、举办单位和不晚于今天、五年以内的日期。",
            "Give the kind, the unit that held it and a day within the last five years.",
        )
    before = Guidance.objects.filter(token=token).first()
    if before is not None:
        return before.pk
    try:
        with transaction.atomic():
            made = Guidance.objects.create(
                subject_id=subject.id, subject_code=subject.code or "", subject_name=subject.name, kind=kind,
                held_on=held_on, unit=said, note=unnumbered(" ".join(note.split()))[:_LONGEST], entered_by=by.name,
                entered_at=at, token=token,
            )  # fmt: skip
    except IntegrityError as error:
        raise GuidanceUsed("这张表单已经提交过。", "This form was sent before.") from error
    audit.enter(
        audit.Event.GUIDANCE_ENTERED, by=by, object_kind="guidance", object_ref=str(made.pk), subject=subject.code or "",
        kind=kind,
    )  # fmt: skip
    return made.pk


@transaction.atomic
def take_back(guidance_id: int, *, by: Actor, at: datetime) -> None:
    """Takes an entry back, by a later one; it stays in the history. Raises UnknownGuidance, NotAllowed."""
    require(by, Action.RECORD_GUIDANCE)
    one = Guidance.objects.filter(pk=guidance_id, undoes=None, undone_by=None).first()
    if one is None:
        raise _unknown()
    try:
        with transaction.atomic():
            Guidance.objects.create(
                subject_id=one.subject_id, subject_code=one.subject_code, subject_name=one.subject_name, kind=one.kind,
                held_on=one.held_on, unit=one.unit, entered_by=by.name, entered_at=at, token=f"undo-{one.pk}", undoes=one,
            )  # fmt: skip
    except IntegrityError as error:  # somebody else did in the meantime
        raise _unknown() from error
    audit.enter(
        audit.Event.GUIDANCE_TAKEN_BACK, by=by, object_kind="guidance", object_ref=str(one.pk), subject=one.subject_code
    )


def latest(*, seen_by: Actor, after: int | None = None, limit: int = 20) -> Sequence[GuidanceView]:
    """The newest entries that stand. One entry. Raises NotAllowed."""
    require(seen_by, Action.RECORD_GUIDANCE)
    audit.enter(audit.Event.GUIDANCE_VIEWED, by=seen_by, object_kind="guidance", object_ref="all")
    found = Guidance.objects.filter(undoes=None, undone_by=None).order_by("-id")
    if after is not None:
        found = found.filter(pk__lt=after)
    return [_view(one) for one in found[:limit]]


def share(*, on: date, seen_by: Actor) -> Share:
    """The share on a day. Raises NotAllowed."""
    require(seen_by, Action.RECORD_GUIDANCE)
    items = [one.id for one in publish.items() if one.section is Section.SERIOUS_LIST]
    on_a_list = listed.subjects(items, on=on)
    guided = set(
        Guidance.objects.filter(
            subject_id__in=on_a_list, undoes=None, undone_by=None, held_on__gt=add_months(on, -MONTHS), held_on__lte=on
        ).values_list("subject_id", flat=True)
    )
    return Share(on, len(on_a_list), len(guided))


def _unknown() -> UnknownGuidance:
    return UnknownGuidance("没有这条登记，或已经撤回。", "There is no such entry, or it was taken back.")


def _view(one: Guidance) -> GuidanceView:
    zh, en = KINDS[one.kind]
    return GuidanceView(
        one.pk, one.subject_code, one.subject_name, zh, en, one.held_on, one.unit, one.note, one.entered_at
    )
