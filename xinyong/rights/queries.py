"""授权查询 Authorised query: who asks, for which registered purpose, about whom, at which items, up to which grade, by which living
authorisation of the subject. In this order, and a refusal says at which step it ended and what to do.

The shared file of an organisation needs a purpose only; a natural person, the authorised grade, and purposes that say so need the
subject's authorisation. The entry in the log stands before anything is read. An emergency looks without one, marked for ever: an
alarm, a second person's review, the subject's own log. Fields past a person's authorisation: records/special.py, with two.
Source: INV-70 (E_PERSON_PUBLIC), INV-71, INV-75 (E_PURPOSE); PIPL 13, 14, 18.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from xinyong.catalogue.schema import Grade, Item
from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import authorised, dossier
from xinyong.records.authorised import Row
from xinyong.records.view import Dossier
from xinyong.rights import alarms, consent, purposes, whose
from xinyong.rights.consent_view import State, state_of
from xinyong.rights.models import Consent, KeptAnswer
from xinyong.rights.purposes import Purpose
from xinyong.rights.whose import Whose
from xinyong.security import audit, encryption, identity, quotas, scope
from xinyong.security.access import Action, Actor, Role, may, require, system

#: How long a program can fetch an answer again.
KEPT_FOR = timedelta(days=1)
_SHORTEST, _LONGEST = 4, 200
_CONTEXT = "rights.answer"


class ItemNotAllowed(Forbidden):
    """The purpose does not reach the item, or who asks does not."""

    code = "rights.item-not-allowed"


class LevelBeyondPurpose(Forbidden):
    """The purpose does not reach the authorised grade."""

    code = "rights.level-beyond-purpose"


class NoAuthorisation(Forbidden):
    """The subject never authorised this recipient for this."""

    code = "rights.no-authorisation"


class OtherPurpose(Forbidden):
    """The subject authorised this recipient, but for another purpose: a new one needs a new authorisation."""

    code = "rights.other-purpose"
    invariant = "E_PURPOSE"


class ItemsNotAuthorised(Forbidden):
    """The subject authorised this recipient for this purpose, but not for all of these items."""

    code = "rights.items-not-authorised"


class AuthorisationEnded(Forbidden):
    """The term of the authorisation is over."""

    code = "rights.authorisation-ended"


class AuthorisationWithdrawn(Forbidden):
    """The subject took the authorisation back."""

    code = "rights.authorisation-withdrawn"
    invariant = "E_WITHDRAWN"


class WithheldTooLong(Invalid):
    """A look is kept from its subject only as the purpose allows, and for so many days at most."""

    code = "rights.withheld-too-long"


class WithheldWithoutBasis(Invalid):
    """Whoever keeps a look from its subject says on which basis."""

    code = "rights.withheld-without-basis"


class AnswerGone(NotFound):
    """The answer was never this caller's, is kept no longer, or was erased when the authorisation ended."""

    code = "rights.answer-gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query brought. ``ref``: by which a program fetches it again, "" where none is kept. ``authorisation``: the receipt's
    number, "" where none was needed. ``withheld_until``: from when on the subject sees it, where that is not at once."""

    ref: str
    purpose: Purpose
    level: Grade
    items: tuple[str, ...]
    authorisation: str
    rows: tuple[Row, ...]
    answered_at: datetime
    withheld_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer fetched again."""

    ref: str
    authorisation: str
    rows: tuple[Row, ...]
    answered_at: datetime
    kept_until: datetime


@dataclass(frozen=True, slots=True)
class _Asked:
    purpose: Purpose
    note: str
    items: tuple[Item, ...]
    level: Grade
    consent: Consent | None
    is_whole: bool  # nobody chose items: all that the purpose reaches
    withheld_until: datetime | None = None
    withheld_basis: str = ""


@transaction.atomic
def query(
    about: Whose, *, purpose: str, note: str, items: Sequence[str] = (), level: Grade = Grade.SHARED, withheld_days: int = 0,
    withheld_basis: str = "", seen_by: Actor, at: datetime,
) -> Answer:  # fmt: skip
    """The records of a subject that the purpose and, where one is needed, its authorisation open. No items: all of those.
    ``withheld_days``: for so long the subject does not see the look, on the ``withheld_basis`` of the very case, within what the
    purpose allows.

    Raises, in this order: NotAllowed, FactorNeeded; PurposeNeeded, PurposeNotYours; ItemNotAllowed; LevelBeyondPurpose;
    WithheldTooLong, WithheldWithoutBasis; NoAuthorisation, OtherPurpose, ItemsNotAuthorised, AuthorisationEnded, AuthorisationWithdrawn; QuotaSpent.
    """
    require(seen_by, Action.QUERY)
    found = purposes.chosen(purpose, by=seen_by, at=at)
    matter, day = purposes.noted(note), clock.day(at)
    wanted = _items(found, items, about, seen_by, day)
    if level is Grade.AUTHORISED and found.level is not Grade.AUTHORISED:
        raise LevelBeyondPurpose(
            f"“{found.name_zh}”最高只能查共享级信息。确需授权级的，请换用相应目的，或走特殊查询。",
            f"“{found.name_en}” reaches the shared grade only. Choose another purpose, or make a special query.",
        )
    basis = _withheld(found, withheld_days, withheld_basis)
    given: Consent | None = None
    if found.needs_authorisation or about.is_person or level is Grade.AUTHORISED:
        whose.hold(about.key, is_shared=True)
        given = _authorisation(found, [one.id for one in wanted] if items else [], about, seen_by, at)
        wanted = tuple(one for one in wanted if one.id in given.items)
    grade = Grade.AUTHORISED if about.is_person and found.level is Grade.AUTHORISED else level
    _count(seen_by, at)
    until = at + timedelta(days=withheld_days) if withheld_days else None
    asked = _Asked(found, matter, wanted, grade, given, not items and given is None, until, basis)
    _note(audit.Event.AUTHORISED_QUERIED, asked, about, seen_by)
    rows = authorised.records(
        about.id, [(one, authorised.fields(one, grade)) for one in wanted], grade=grade, of=seen_by, today=day
    )
    answer = Answer("", found, grade, tuple(one.id for one in wanted), given.number if given else "", rows, at, until)
    return _keep(answer, asked, about, seen_by, at) if seen_by.role is Role.CLIENT else answer


@transaction.atomic
def fetch(ref: str, *, seen_by: Actor, at: datetime) -> Kept:
    """An answer of this very program again, while it is kept and what it rests on holds; an entry, as for the first time. Raises
    AnswerGone, NotAllowed."""
    require(seen_by, Action.QUERY)
    rows = KeptAnswer.objects.select_related("consent__withdrawal", "consent__recipient")
    found = rows.filter(ref=ref, client=seen_by.name, kept_until__gt=at, recipient__code=seen_by.department).first()
    if found is not None:
        whose.hold(found.subject_id, is_shared=True)
        found = rows.filter(pk=found.pk).first()  # a withdrawal that came first has erased it
    if found is None or (found.consent is not None and state_of(found.consent, at) is not State.LIVE):
        raise AnswerGone(
            "没有这份查询结果：可能已过保存时间，或授权已到期、已撤回。请重新查询。",
            "There is no such answer: it is kept no longer, or the authorisation has ended. Query again.",
        )
    said = json.loads(encryption.unseal(bytes(found.sealed), context=_CONTEXT))
    number = found.consent.number if found.consent else ""
    audit.enter(
        audit.Event.AUTHORISED_QUERIED, by=seen_by, object_kind="subject", object_ref=said["subject"], purpose=said["purpose"],
        items=",".join(said["items"]), level=said["level"], again=True, authorisation=number,
        **_kept_from(said.get("withheld_until"), said.get("basis", "")),
    )  # fmt: skip
    return Kept(found.ref, number, tuple(_row(one) for one in said["rows"]), found.made_at, found.kept_until)


@transaction.atomic
def break_glass(about: Whose, *, items: Sequence[str], reason: str, seen_by: Actor, at: datetime) -> Answer:
    """Looks in an emergency without authorisation. It stands in the log as that, raises an alarm at once, is reviewed by another
    person within days, and the subject sees it. Raises NotAllowed, FactorNeeded, PurposeNeeded, ItemNotAllowed, QuotaSpent."""
    require(seen_by, Action.BREAK_GLASS)
    found = next(one for one in purposes.in_force(on=clock.day(at)) if one.is_emergency)
    if not found.opens_to(seen_by):
        raise purposes.PurposeNotYours(
            "紧急查询不对您的单位开放。", "Emergency queries are not open to your unit.", invariant="E_PURPOSE"
        )
    why = purposes.noted(reason)
    wanted = _items(found, items, about, seen_by, clock.day(at))
    _count(seen_by, at)
    asked = _Asked(found, why, wanted, Grade.AUTHORISED, None, is_whole=not items)
    _note(audit.Event.GLASS_BROKEN, asked, about, seen_by)
    alarms.emergency(about, reason=why, by=seen_by, at=at)
    rows = authorised.records(
        about.id, [(one, authorised.fields(one, Grade.AUTHORISED)) for one in wanted], grade=Grade.AUTHORISED, of=seen_by,
        today=clock.day(at),
    )  # fmt: skip
    return Answer("", found, Grade.AUTHORISED, tuple(one.id for one in wanted), "", rows, at)


def file(
    code: str, *, purpose: str, note: str, as_of: date, seen_by: Actor, at: datetime, per_section: int = 50
) -> Dossier:
    """The shared file of an organisation for a purpose that needs no authorisation: the sections the purpose reaches. One entry.
    Raises PurposeNeeded, PurposeNotYours, QuotaSpent, UnknownSubject."""
    said = purposes.said(purpose, note, by=seen_by, at=at)
    if may(seen_by, Action.VIEW_SHARED):
        _count(seen_by, at)
    seen = dossier.of(code, as_of=as_of, seen_by=seen_by, purpose=said, per_section=per_section)
    reached = purposes.find(purpose, on=clock.day(at)).sections
    return (
        seen
        if reached is None
        else replace(seen, sections=tuple(one for one in seen.sections if one.section in reached))
    )


def sweep(*, now: datetime) -> int:
    """Erases kept answers whose time is over; returns how many. The hourly job calls it."""
    return int(KeptAnswer.objects.filter(kept_until__lte=now).delete()[0])


def _items(purpose: Purpose, asked: Sequence[str], about: Whose, by: Actor, on: date) -> tuple[Item, ...]:
    allowed = {
        one.id: one for one in purposes.items(purpose, on=on, persons=about.is_person)
        if may(by, Action.QUERY, item=one.id)
    }  # fmt: skip
    beyond = [one for one in asked if one not in allowed]
    if beyond or not allowed:
        raise ItemNotAllowed(
            f"“{purpose.name_zh}”不能查：{'、'.join(beyond)[:200] or '这类主体'}。请只选该目的允许、您的授权范围内的事项。",
            f"“{purpose.name_en}” does not reach {', '.join(beyond)[:200] or 'such a subject'}. Choose items of the purpose, within "
            "your own grant.",
            invariant="E_PURPOSE",
        )
    return tuple(allowed[one] for one in dict.fromkeys(asked)) if asked else tuple(allowed.values())


def _withheld(purpose: Purpose, days: int, basis: str) -> str:
    """The basis of the case as it is noted, "" where nothing is withheld."""
    if not 0 <= days <= purpose.withheld_days:
        raise WithheldTooLong(
            f"“{purpose.name_zh}”的查询记录最多可对主体暂缓显示 {purpose.withheld_days} 天。"
            if purpose.withheld_days
            else f"“{purpose.name_zh}”的查询记录不得对主体隐去。",
            f"A look for “{purpose.name_en}” may be kept from its subject for {purpose.withheld_days} days at most.",
        )
    said = " ".join(unnumbered(basis).split())
    if days and not _SHORTEST <= len(said) <= _LONGEST:
        raise WithheldWithoutBasis(
            f"暂缓显示须写明本案的依据和理由（{_SHORTEST} 至 {_LONGEST} 字）：告知会怎样妨碍履行法定职责。",
            f"Say on which basis of the case it is withheld ({_SHORTEST} to {_LONGEST} characters): how telling would hinder a duty.",
        )
    return said if days else ""


def _authorisation(purpose: Purpose, items: Sequence[str], about: Whose, by: Actor, at: datetime) -> Consent:
    """The authorisation that holds for this; else the nearest reason why none does."""
    held = consent.held(about.key, recipient=by.department) if by.department else []
    same = [one for one in held if one.purpose == purpose.id]
    live = [one for one in same if state_of(one, at) is State.LIVE]
    fits = [one for one in live if set(items) <= set(one.items)]
    if fits:
        return fits[-1]
    facts = {"purpose": purpose.id, "invariant": "E_PERSON_PUBLIC" if about.is_person else "E_PURPOSE"}
    if live:
        raise ItemsNotAuthorised(
            "主体的授权不包含所选的全部事项。请只查授权的事项，或另行请求授权。",
            "The subject's authorisation does not cover all of these items. Query those it covers, or ask for another.", **facts,
        )  # fmt: skip
    if any(state_of(one, at) is State.LIVE for one in held):
        raise OtherPurpose(
            f"主体授权过贵单位，但不是为“{purpose.name_zh}”。用于其他目的须重新取得授权。",
            f"The subject authorised your unit, but not for “{purpose.name_en}”: another purpose needs another authorisation.",
            **facts | {"invariant": "E_PURPOSE"},
        )  # fmt: skip
    if same and state_of(same[-1], at) is State.WITHDRAWN:
        raise AuthorisationWithdrawn(
            "主体已撤回授权，不能再查，也不得再次请求。", "The subject has withdrawn its authorisation: no look, and no asking again.",
            **facts | {"invariant": "E_WITHDRAWN"},
        )  # fmt: skip
    if same:
        raise AuthorisationEnded(
            "授权已到期。确需继续的，请重新请求授权。",
            "The authorisation is over. If you still need it, ask again.",
            **facts,
        )
    raise NoAuthorisation(
        "没有主体对贵单位的授权。请先请求授权；情况紧急的，按紧急查询办理。",
        "The subject has not authorised your unit. Ask it first; in an emergency there is the emergency query.", **facts,
    )  # fmt: skip


def _count(by: Actor, at: datetime) -> None:
    """One look of this official today; a program's calls are counted at the door, by its client's own quotas. Raises QuotaSpent."""
    quotas.take_of_official(by, "query", per_day=settings.QUERIES_DAILY, now=at)


def _note(event: audit.Event, asked: _Asked, about: Whose, by: Actor) -> None:
    until = asked.withheld_until.isoformat() if asked.withheld_until else None
    audit.enter(
        event, by=by, object_kind="subject", object_ref=about.ref, purpose=f"{asked.purpose.id}: {asked.note}",
        items="" if asked.is_whole else ",".join(one.id for one in asked.items), level=asked.level.value,
        authorisation=asked.consent.number if asked.consent else "",
        **{"withheld_until": None} | _kept_from(until, asked.withheld_basis),
    )  # fmt: skip


def _kept_from(until: str | None, basis: str) -> dict[str, Any]:
    """The facts of a look that its subject does not see yet; fetched again, it is kept from it as long."""
    return {"withheld_until": until, "basis": basis} if until else {}


def _keep(answer: Answer, asked: _Asked, about: Whose, by: Actor, at: datetime) -> Answer:
    said = {
        "subject": about.ref, "purpose": f"{asked.purpose.id}: {asked.note}", "level": answer.level.value, "items": answer.items,
        "rows": [asdict(one) | {"decided_on": one.decided_on.isoformat()} for one in answer.rows],
        **_kept_from(asked.withheld_until.isoformat() if asked.withheld_until else None, asked.withheld_basis),
    }  # fmt: skip
    ref, unit = secrets.token_hex(16), identity.source_unit(by.department or "")
    with scope.acting(system("authorised-query")):
        KeptAnswer.objects.create(
            ref=ref, consent=asked.consent, recipient_id=unit.id, client=by.name, subject_id=about.key, made_at=at,
            kept_until=at + KEPT_FOR,
            sealed=encryption.seal(json.dumps(said, ensure_ascii=False).encode(), context=_CONTEXT),
        )  # fmt: skip
    return replace(answer, ref=ref)


def _row(said: dict[str, object]) -> Row:
    fields = said["fields"]
    assert isinstance(fields, list)
    return Row(
        date.fromisoformat(str(said["decided_on"])), str(said["source"]), tuple((str(a), str(b)) for a, b in fields),
        str(said["item_id"]), str(said["item_title"]), bool(said["is_disputed"]),
    )  # fmt: skip
