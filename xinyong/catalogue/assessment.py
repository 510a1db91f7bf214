"""个人信息保护影响评估 Impact assessments: before personal information is handled in a way that the law names, somebody says why it is
lawful and necessary, what it does to people, and what protects them; somebody else agrees.

An assessment covers named catalogue items, in the breadth they had when it was written (their personal fields, their
disclosure), or a named processing activity. It is good to a day, and a newer one may take its place. None is ever changed or
removed. A version of an item that holds personal information is published under one that covers it, or not at all; the national
baseline that set-up installs is there without, and stands as a duty until it has one.
Source: PIPL (个人信息保护法) 55, 56 (kept three years at least); INV-67.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from xinyong.catalogue.models import Assessment, AssessmentForce
from xinyong.catalogue.schema import FieldType, Grade, Item, Masking
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import approvals, audit
from xinyong.security.access import Action, Actor, Role, require

#: The shortest and the longest answer to one of the three questions, in characters.
SHORTEST, LONGEST = 20, 4_000
_ORDER = (Grade.PUBLIC, Grade.SHARED, Grade.AUTHORISED, Grade.INTERNAL)
_SENSITIVE = {Masking.CERTIFICATE, Masking.BANK_CARD, Masking.ALL}


class Reason(StrEnum):
    """Why an assessment is needed (PIPL 55)."""

    SENSITIVE = "sensitive"  # 处理敏感个人信息
    AUTOMATED = "automated"  # 利用个人信息进行自动化决策
    SHARING = "sharing"  # 委托处理、向其他个人信息处理者提供
    PUBLISHING = "publishing"  # 公开个人信息
    GREAT_EFFECT = "great-effect"  # 其他对个人权益有重大影响的


#: reason → Chinese and English.
REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.SENSITIVE: ("处理敏感个人信息", "handling sensitive personal information"),
    Reason.AUTOMATED: ("利用个人信息进行自动化决策", "automated decisions"),
    Reason.SHARING: ("委托处理或者向他人提供", "entrusting or handing over"),
    Reason.PUBLISHING: ("公开个人信息", "publishing"),
    Reason.GREAT_EFFECT: ("其他对个人权益有重大影响的活动", "otherwise of great effect on persons"),
}


class State(StrEnum):
    """How an assessment stands on a day."""

    WRITTEN = "written"  # waits for a second person
    IN_FORCE = "in-force"
    OVER = "over"
    SUPERSEDED = "superseded"


class AssessmentMissing(Conflict):
    """The version holds personal information, and no assessment in force covers it."""

    code = "catalogue.assessment-missing"
    invariant = "E_ASSESSMENT"


class BadAssessment(Invalid):
    """Something of the assessment is missing, or its term is too long."""

    code = "catalogue.assessment-incomplete"


class UnknownAssessment(NotFound):
    """No such assessment."""

    code = "catalogue.unknown-assessment"


class AlreadyInForce(Conflict):
    """It is in force, was, or another took its place."""

    code = "catalogue.assessment-in-force"


class NotTheWriter(Forbidden):
    """Who wrote an assessment asks for its approval: else they could approve what they wrote."""

    code = "catalogue.assessment-by-another"


@dataclass(frozen=True, slots=True)
class Answers:
    """The three questions of PIPL 56: is purpose and manner lawful, legitimate and necessary; what it does to the persons' rights
    and which risks there are; are the protective measures lawful, effective and fit for the risk."""

    lawful: str
    effects: str
    measures: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What of an item an assessment covers: these fields, up to this openness."""

    item_id: str
    title: str
    fields: tuple[str, ...]
    disclosure: str


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """An assessment as it is read. ``valid_until`` is the last day."""

    id: int
    title: str
    scopes: tuple[Scope, ...]
    activity: str
    reasons: tuple[Reason, ...]
    answers: Answers
    valid_until: date
    supersedes: int | None
    superseded_by: int | None
    written_at: datetime
    written_by: str
    in_force_at: datetime | None
    agreed_by: str
    digest: str
    state: State


def reasons_of(item: Item) -> tuple[Reason, ...]:
    """Why an item needs an assessment; none where it holds nothing of natural persons. Automated decisions nobody can tell from
    the catalogue."""
    fields = [one for one in item.fields if one.code in fields_of(item)]
    if not fields:
        return ()
    found = []
    if item.is_adverse or any(one.type is FieldType.CERTIFICATE or one.masking in _SENSITIVE for one in fields):
        found.append(Reason.SENSITIVE)
    if item.disclosure is not Grade.INTERNAL:
        found.append(Reason.SHARING)
    if item.disclosure is Grade.PUBLIC and any(one.grade is Grade.PUBLIC for one in fields):
        found.append(Reason.PUBLISHING)
    return tuple(found) or (Reason.GREAT_EFFECT,)


def fields_of(item: Item) -> frozenset[str]:
    """The codes of an item's fields that are personal information: all of an item about persons."""
    return frozenset(
        one.code for one in item.fields if item.is_about_persons or one.is_personal or one.type is FieldType.CERTIFICATE
    )


@transaction.atomic
def write(
    *, title: str, items: Sequence[Item], reasons: Iterable[Reason], answers: Answers, valid_until: date, activity: str = "",
    supersedes: int | None = None, by: Actor, at: datetime,
) -> AssessmentView:  # fmt: skip
    """Writes an assessment of these items as they are in the versions given, or of an activity. It rules nothing yet: ``ask``,
    then ``put_in_force``. Raises BadAssessment, UnknownAssessment, NotAllowed."""
    require(by, Action.ASSESS_IMPACT)
    given = tuple(dict.fromkeys(reasons))
    said = Answers(*(unnumbered(text.strip()) for text in (answers.lawful, answers.effects, answers.measures)))
    _must_be_whole(title, items, activity, given, said)
    _must_end(valid_until, clock.day(at))
    if supersedes is not None:
        _find(supersedes)
    scopes = {
        one.id: {"title": one.title_zh, "fields": sorted(fields_of(one)), "disclosure": one.disclosure.value}
        for one in items
    }
    text: dict[str, Any] = {
        "title": unnumbered(" ".join(title.split()))[:200], "items": scopes, "activity": activity,
        "reasons": [one.value for one in given], "lawful": said.lawful, "effects": said.effects, "measures": said.measures,
        "valid_until": valid_until.isoformat(), "supersedes": supersedes,
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(text, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    one = Assessment.objects.create(
        title=text["title"], items=scopes, activity=activity, reasons=text["reasons"], lawful=said.lawful,
        effects=said.effects, measures=said.measures, valid_until=valid_until, supersedes_id=supersedes, written_at=at,
        written_by=by.name, digest=digest,
    )  # fmt: skip
    audit.enter(
        audit.Event.ASSESSMENT_WRITTEN, by=by, object_kind="assessment", object_ref=str(one.pk), digest=digest,
        items=len(items), activity=activity, until=valid_until.isoformat(), reasons=" ".join(one.reasons),
    )  # fmt: skip
    return _view(one, clock.day(at))


def ask(assessment_id: int, *, reason: str, by: Actor, at: datetime) -> approvals.Request:
    """Asks a second person to agree to an assessment as it was written. Raises UnknownAssessment, AlreadyInForce, NotTheWriter,
    NotAllowed, FactorNeeded."""
    require(by, Action.ASSESS_IMPACT)
    one = _find(assessment_id)
    if one.written_by != by.name:
        raise NotTheWriter(
            f"评估 {one.pk} 由 {one.written_by} 撰写，只能由撰写人提请复核。",
            f"Assessment {one.pk} was written by {one.written_by}, who asks for its approval.",
        )
    _must_wait(one)
    return approvals.ask(
        approvals.Kind.ASSESS_IMPACT, _payload(one), object_ref=str(one.pk), reason=reason, by=by, at=at
    )


@transaction.atomic
def put_in_force(assessment_id: int, *, by: Actor, at: datetime) -> AssessmentView:
    """Puts an assessment in force that somebody else has agreed to; the owner at the command line (SYSTEM) may do it alone, and
    the log says so. What it supersedes ends. Raises UnknownAssessment, AlreadyInForce, BadAssessment, approvals.ConsentNeeded."""
    require(by, Action.ASSESS_IMPACT)
    one = _find(assessment_id)
    _must_wait(one)
    _must_end(one.valid_until, clock.day(at))
    consent = None
    if by.role is not Role.SYSTEM:
        consent = approvals.use(approvals.Kind.ASSESS_IMPACT, _payload(one), by=by, at=at)
    AssessmentForce.objects.create(  # once, by its primary key; of two at a time one has no consent left to use
        assessment=one, at=at, by_name=by.name, agreed_by=consent.decided_by if consent else ""
    )
    audit.enter(
        audit.Event.ASSESSMENT_IN_FORCE, by=by, object_kind="assessment", object_ref=str(one.pk), digest=one.digest,
        supersedes=one.supersedes_id, consent=consent.id if consent else "owner alone",
    )  # fmt: skip
    return _view(_find(assessment_id), clock.day(at))


def listing(*, seen_by: Actor, on: date) -> list[AssessmentView]:
    """Every assessment there ever was, the newest first. Raises NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    return [_view(one, on) for one in _rows().order_by("-id")]


def find(assessment_id: int, *, seen_by: Actor, on: date) -> AssessmentView:
    """One assessment. Raises UnknownAssessment, NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    return _view(_find(assessment_id), on)


def in_force(*, on: date) -> list[AssessmentView]:
    """Those in force on a day, the one that is good for longest first."""
    found = [_view(one, on) for one in _rows().filter(force__isnull=False, valid_until__gte=on)]
    return sorted((one for one in found if one.state is State.IN_FORCE), key=lambda one: one.valid_until, reverse=True)


def covering(item: Item, among: Iterable[AssessmentView]) -> AssessmentView | None:
    """The first of these that covers an item: its personal fields, and no more openness than was assessed."""
    fields, grade = fields_of(item), _ORDER.index(item.disclosure)
    for one in among:
        for scope in one.scopes:
            if (
                scope.item_id == item.id
                and fields <= set(scope.fields)
                and grade >= _ORDER.index(Grade(scope.disclosure))
            ):
                return one
    return None


def lacking(items: Iterable[Item], *, on: date) -> list[Item]:
    """Of these items those that need an assessment and have none in force that covers them."""
    known = in_force(on=on)
    return [one for one in items if reasons_of(one) and covering(one, known) is None]


def must_cover(item: Item, *, on: date) -> None:
    """Raises AssessmentMissing where an item needs an assessment and none covers it."""
    if not lacking([item], on=on):
        return
    raise AssessmentMissing(
        f"“{item.title_zh}”含有个人信息，没有有效的个人信息保护影响评估覆盖这一版，不能发布（E_ASSESSMENT，"
        "《个人信息保护法》第五十五条）。请先在“影响评估”中写明评估，由另一人复核后生效。",
        f"“{item.title_en}” holds personal information and no impact assessment in force covers this version: it cannot be published "
        "(E_ASSESSMENT, PIPL 55). Write one first and have another person agree to it.",
        item=item.id,
    )


def _must_be_whole(
    title: str, items: Sequence[Item], activity: str, reasons: Sequence[Reason], answers: Answers
) -> None:
    if not title.strip() or not (items or activity):
        raise BadAssessment(
            "请填写名称，并选择至少一个目录事项或一项处理活动。", "Give a title, and choose an item or an activity."
        )
    for one in items:
        missing = set(reasons_of(one)) - set(reasons)
        if missing:
            words = "、".join(sorted(REASONS[each][0] for each in missing))
            raise BadAssessment(
                f"“{one.title_zh}”还涉及：{words}。请一并选择并评估。",
                f"“{one.title_en}” is also about: {', '.join(sorted(REASONS[each][1] for each in missing))}.",
            )
    if not reasons:
        raise BadAssessment("请选择为什么需要评估。", "Say why an assessment is needed.")
    if any(not SHORTEST <= len(text) <= LONGEST for text in (answers.lawful, answers.effects, answers.measures)):
        raise BadAssessment(
            f"三个问题都要回答，每个 {SHORTEST} 至 {LONGEST} 字。",
            f"All three questions need an answer of {SHORTEST} to {LONGEST} characters.",
        )


def _must_end(valid_until: date, today: date) -> None:
    last = today + timedelta(days=settings.ASSESSMENT_DAYS)
    if not today < valid_until <= last:
        raise BadAssessment(f"有效期须晚于今天，最长到 {last}。", f"It ends after today, and on {last} at the latest.")


def _must_wait(one: Assessment) -> None:
    if hasattr(one, "force"):
        raise AlreadyInForce(
            f"评估 {one.pk} 已经生效过，不能再次生效；要更新请另写一份接替它。",
            f"Assessment {one.pk} was put in force already; write another one in its place.",
        )


def _payload(one: Assessment) -> dict[str, object]:
    """What the second person agrees to: this text, for these items, to this day."""
    return {
        "assessment": one.pk, "title": one.title, "items": sorted(one.items), "text": one.digest,
        "until": one.valid_until.isoformat(),
    }  # fmt: skip


def _rows() -> QuerySet[Assessment]:
    return Assessment.objects.select_related("force").prefetch_related("later__force")


def _find(assessment_id: int) -> Assessment:
    found = _rows().filter(pk=assessment_id).first()
    if found is None:
        raise UnknownAssessment(
            f"没有编号为 {assessment_id} 的影响评估。", f"There is no impact assessment {assessment_id}."
        )
    return found


def _view(one: Assessment, on: date) -> AssessmentView:
    force = getattr(one, "force", None)
    later = next((each.pk for each in one.later.all() if hasattr(each, "force")), None)
    state = State.WRITTEN
    if force is not None:
        state = State.SUPERSEDED if later else State.OVER if one.valid_until < on else State.IN_FORCE
    return AssessmentView(
        id=one.pk, title=one.title, scopes=tuple(_scope(item_id, said) for item_id, said in sorted(one.items.items())),
        activity=one.activity, reasons=tuple(Reason(each) for each in one.reasons),
        answers=Answers(one.lawful, one.effects, one.measures), valid_until=one.valid_until,
        supersedes=one.supersedes_id, superseded_by=later, written_at=one.written_at, written_by=one.written_by,
        in_force_at=force.at if force else None, agreed_by=force.agreed_by if force else "", digest=one.digest, state=state,
    )  # fmt: skip


def _scope(item_id: str, said: Mapping[str, object]) -> Scope:
    fields = said["fields"]
    assert isinstance(fields, list)
    return Scope(item_id, str(said["title"]), tuple(map(str, fields)), str(said["disclosure"]))
