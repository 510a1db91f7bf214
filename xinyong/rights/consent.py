"""授权同意 Consent: a recipient asks a subject for an authorisation, or the subject gives one unasked; it refuses; it takes back.

An authorisation names recipient, purpose, items and a term, and nothing follows from it beyond these. A request waits for its answer for
some days, also for a person who is on no file and has no account yet. A refusal stands: the same recipient does not ask for the same
purpose again (E_ASKED_AGAIN), unless the subject takes it back. Under fourteen a guardian authorises (E_MINOR). A withdrawal counts
from the next instant, erases what rests on it alone, and leaves what was done before as it was. Everything only grows; receipts carry
a number.
Source: PIPL 13–17, 29, 31, 47; 网络数据安全管理条例 22(5), 22(6); INV-20, INV-21.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import publish
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.rights import consent_end, purposes, whose
from xinyong.rights.consent_view import Answered, ConsentView, RequestView, consent_view, request_view
from xinyong.rights.models import Consent, ConsentRefusal, ConsentRequest, ConsentWithdrawal, RefusalUndoing
from xinyong.rights.purposes import Purpose
from xinyong.rights.whose import Whose
from xinyong.security import ages, audit, guardians, identity, persons, quotas, scope
from xinyong.security.access import Action, Actor, Role, may, require, system
from xinyong.workflow import subject_notices
from xinyong.workflow.subject_kinds import SubjectKind

#: What is shown to whoever authorises, by edition, Chinese and English; the newest is agreed to. An edition is never changed.
NOTICES: Mapping[str, tuple[str, str]] = {
    "2026-1": (
        "您可以同意，也可以不同意；不同意不影响您依法办理其他事项。接收方只能为所列目的、在所列期限内查询所列信息，每次查询都有记录，您随时"
        "可以查看。您可以随时撤回授权，撤回后立即不能再查，为本次授权暂存的结果同时删除；撤回前依授权作出的查询仍然有效。",
        "You may agree or not; saying no does not affect anything else you have a right to. The recipient may look only for the purpose, at "
        "the items and within the term stated. Every look is recorded and you can see it. You may withdraw at any time: from then on "
        "nothing can be looked up, and answers kept under this authorisation are erased. What was looked up before stays lawful.",
    )
}
NOTICE = max(NOTICES)
_SHORTEST, _LONGEST = 2, 200


class UnknownConsent(NotFound):
    """No such request or authorisation, or it is another's, which looks the same."""

    code = "rights.unknown-consent"


class AskedAgain(Conflict):
    """The subject has said no to this recipient for this purpose; it is not asked again."""

    code = "rights.asked-again"
    invariant = "E_ASKED_AGAIN"


class StillOpen(Conflict):
    """The recipient's request for this purpose waits for an answer, or an authorisation for it holds."""

    code = "rights.request-open"


class AlreadyAnswered(Conflict):
    """The request has its answer."""

    code = "rights.already-answered"


class RequestLapsed(Conflict):
    """The request was not answered in time; the recipient may ask anew, the subject authorise by itself."""

    code = "rights.request-lapsed"


class NotRefused(Conflict):
    """Only a refusal that stands can be taken back."""

    code = "rights.not-refused"


class GuardianNeeded(Forbidden):
    """Somebody under fourteen does not authorise by themselves: a parent or another guardian does (PIPL 31)."""

    code = "rights.guardian-needed"


class WardConsents(Forbidden):
    """From fourteen on a ward authorises by themself, and no guardian for them."""

    code = "rights.ward-consents"


class BadConsent(Invalid):
    """An authorisation names items of the purpose, a term within the purpose's, and what happens without it."""

    code = "rights.bad-consent"


@transaction.atomic
def ask(
    about: Whose, *, purpose: str, items: Sequence[str], days: int, without: str, by: Actor, at: datetime
) -> RequestView:
    """Asks a subject for an authorisation for one's own unit. ``without``: what happens when it says no. It makes no difference to
    who asks whether a person is on file.

    Raises PurposeNeeded, PurposeNotYours, BadConsent, AskedAgain, StillOpen, QuotaSpent, NotAllowed.
    """
    require(by, Action.ASK_CONSENT, department=by.department or "-")
    found = purposes.chosen(purpose, by=by, at=at)
    kept = _within(found, items, days, about.is_person, at)
    said = " ".join(unnumbered(without).split())
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise BadConsent(
            f"请写明不授权会怎样（{_SHORTEST} 至 {_LONGEST} 字），例如“将改为人工核验纸质材料”。",
            f"Say what happens without the authorisation ({_SHORTEST} to {_LONGEST} characters).",
        )
    unit = identity.source_unit(by.department or "")
    whose.hold(about.key)
    _may_ask(about, unit.id, found, at)
    quotas.take_of_official(by, "ask", per_day=settings.QUERIES_DAILY, now=at)
    made = ConsentRequest.objects.create(
        subject_id=about.key, recipient_id=unit.id, purpose=found.id, items=kept, days=days, without=said, asked_at=at,
        asked_by=by.name, lapses_at=at + timedelta(days=settings.CONSENT_REQUEST_DAYS),
    )  # fmt: skip
    audit.enter(
        audit.Event.CONSENT_ASKED, by=by, object_kind="consent-request", object_ref=str(made.pk), subject=about.ref,
        purpose_id=found.id, items=",".join(kept), days=days,
    )  # fmt: skip
    subject_notices.tell(
        SubjectKind.CONSENT_ASKED, subject_id=about.id, facts={"unit": unit.name}, link=f"/own/consents/asked/{made.pk}/",
        key=str(made.pk), by=by, at=at,
    )  # fmt: skip
    return request_view(made, at)


@transaction.atomic
def give(
    request_id: int, *, by: Actor, at: datetime, items: Sequence[str] | None = None, days: int | None = None
) -> ConsentView:
    """Says yes to a request, to all of it or to fewer items and days. Raises UnknownConsent, AlreadyAnswered, RequestLapsed,
    GuardianNeeded, BadConsent."""
    with _speaking(by) as who:
        request = _open_request(request_id, who, at)
        wanted, term = list(items if items is not None else request.items), days if days is not None else request.days
        if not set(wanted) <= set(request.items) or term > request.days:
            raise BadConsent(
                "只能同意所请求的事项和期限，或更少。", "You can agree to what was asked for, or to less, not to more."
            )
        return _enter(request.recipient_id, request.purpose, wanted, term, request=request, by=who, at=at)


@transaction.atomic
def give_unasked(
    recipient: str, *, purpose: str, items: Sequence[str], days: int, by: Actor, at: datetime
) -> ConsentView:
    """Authorises a unit by its code without having been asked. Raises UnknownDepartment, PurposeNeeded, GuardianNeeded, BadConsent."""
    with _speaking(by) as who:
        unit = identity.source_unit(recipient)
        whose.hold(_key(who))
        return _enter(unit.id, purpose, items, days, request=None, by=who, at=at)


@transaction.atomic
def refuse(request_id: int, *, by: Actor, at: datetime) -> RequestView:
    """Says no; nobody of that recipient asks for that purpose again. Raises UnknownConsent, AlreadyAnswered, RequestLapsed."""
    with _speaking(by) as who:
        request = _open_request(request_id, who, at)
        ConsentRefusal.objects.create(
            request=request,
            subject_id=request.subject_id,
            refused_at=at,
            refused_by=by.name,
            guardianship_id=by.guardianship,
        )
        audit.enter(
            audit.Event.CONSENT_REFUSED, by=by, object_kind="consent-request", object_ref=str(request.pk),
            purpose_id=request.purpose,
        )  # fmt: skip
        return request_view(request, at)


@transaction.atomic
def let_ask(request_id: int, *, by: Actor, at: datetime) -> RequestView:
    """Takes a refusal back: that recipient may ask for that purpose again. Taken back twice: once. Raises UnknownConsent, NotRefused."""
    with _speaking(by) as who:
        whose.hold(_key(who))
        found = _requests().filter(pk=request_id, subject_id=_key(who)).first()
        if found is None:
            raise _unknown()
        if not hasattr(found, "refusal"):
            raise NotRefused("这项请求没有被拒绝过。", "This request has not been refused.")
        if not hasattr(found.refusal, "undoing"):
            RefusalUndoing.objects.create(
                refusal=found.refusal, subject_id=found.subject_id, undone_at=at, undone_by=by.name,
                guardianship_id=by.guardianship,
            )  # fmt: skip
            audit.enter(
                audit.Event.ASKING_ALLOWED, by=by, object_kind="consent-request", object_ref=str(found.pk),
                purpose_id=found.purpose,
            )  # fmt: skip
        return request_view(_requests().get(pk=request_id), at)


@transaction.atomic
def withdraw(consent_id: int, *, by: Actor, at: datetime) -> ConsentView:
    """Takes an authorisation back, at once; erases what rests on it alone. Withdrawn twice: once. Raises UnknownConsent."""
    with _speaking(by) as who:
        whose.hold(_key(who))
        found = _mine(who).filter(pk=consent_id).first()
        if found is None:
            raise _unknown()
        if not ConsentWithdrawal.objects.filter(consent=found).exists():
            _withdraw(found, by=by, at=at)
        return consent_view(_mine(who).get(pk=consent_id), at)


def end(number: str, *, subject_id: int, case: str, at: datetime) -> bool:
    """Ends an authorisation for its subject, whose complaint about a look under it somebody has found founded: a withdrawal like any
    other, in the name of the case. In the transaction of that decision; False when it had ended."""
    key = whose.of_id(subject_id).key
    platform = replace(system(case), subject=key)
    whose.hold(key)
    with scope.acting(platform):
        found = Consent.objects.filter(number=number, subject_id=key, withdrawal__isnull=True, valid_to__gt=at).first()
        if found is not None:
            _withdraw(found, by=platform, at=at)
    return found is not None


def of_subject(*, by: Actor, at: datetime) -> Answered:
    """What one's subject was asked for and has given, the newest first; one entry. Raises NotAllowed."""
    require(by, Action.GIVE_CONSENT, subject=by.subject)
    audit.enter(audit.Event.CONSENTS_VIEWED, by=by, object_kind="consents", object_ref=by.subject_code or "own")
    with _speaking(by) as who:
        return Answered(
            tuple(request_view(one, at) for one in _requests().filter(subject_id=_key(who)).order_by("-id")),
            tuple(consent_view(one, at) for one in _mine(who).order_by("-id")),
        )


def waiting(*, by: Actor, at: datetime) -> int:
    """How many requests wait for one's answer, for a badge. Raises NotAllowed."""
    with _speaking(by) as who:
        found = ConsentRequest.objects.filter(subject_id=_key(who), consent__isnull=True, refusal__isnull=True)
        return found.filter(lapses_at__gt=at).count()


def request_of(request_id: int, *, by: Actor, at: datetime) -> RequestView:
    """One request to one's subject, or of one's unit. Raises UnknownConsent, NotAllowed."""
    if may(by, Action.GIVE_CONSENT, subject=by.subject):
        with _speaking(by) as who:
            found = _requests().filter(pk=request_id, subject_id=_key(who)).first()
    else:
        require(by, Action.ASK_CONSENT, department=by.department or "-")
        found = _requests().filter(pk=request_id, recipient__code=by.department).first()
    if found is None:
        raise _unknown()
    return request_view(found, at)


def receipt(consent_id: int, *, by: Actor, at: datetime) -> ConsentView:
    """One authorisation of one's subject, as its receipt says it. Raises UnknownConsent, NotAllowed."""
    with _speaking(by) as who:
        found = _mine(who).filter(pk=consent_id).first()
        if found is None:
            raise _unknown()
        return consent_view(found, at)


def needs_guardian(*, by: Actor, at: datetime) -> bool:
    """True for a person who is too young to authorise by themselves. The birthday is read from the sealed number, in memory."""
    if by.role is not Role.PERSON or by.guardianship is not None or by.account_id is None:
        return False
    return _is_under_fourteen(persons.born_on(by.account_id), at)


def of_unit(*, by: Actor, at: datetime, after: int | None = None, limit: int = 30) -> list[RequestView]:
    """What one's unit asked for, the newest first; ``after`` continues a page. One entry. Raises NotAllowed."""
    require(by, Action.ASK_CONSENT, department=by.department or "-")
    audit.enter(audit.Event.CONSENTS_VIEWED, by=by, object_kind="consents", object_ref=by.department or "")
    rows = _requests().filter(recipient__code=by.department).order_by("-id")
    if after is not None:
        rows = rows.filter(id__lt=after)
    return [request_view(one, at) for one in rows[:limit]]


def held(key: int, *, recipient: str) -> list[Consent]:
    """Every authorisation that a subject ever gave a unit, with what became of it: for ``queries``, which decides."""
    rows = Consent.objects.select_related("withdrawal").filter(subject_id=key, recipient__code=recipient)
    return list(rows.order_by("id"))


def item_titles(ids: Sequence[str]) -> list[tuple[str, str]]:
    """Items by their titles, zh and en; one that is in force no more stands for itself."""
    known = {one.id: (one.title_zh, one.title_en) for one in publish.items()}
    return [known.get(one, (one, one)) for one in ids]


def _enter(
    recipient_id: int, purpose: str, items: Sequence[str], days: int, *, request: ConsentRequest | None, by: Actor,
    at: datetime,
) -> ConsentView:  # fmt: skip
    if needs_guardian(by=by, at=at):
        raise GuardianNeeded(
            "未满十四周岁的，由父母或者其他监护人同意。请监护人到信用中心窗口登记监护关系后，用自己的账号办理。您自己可以不同意、可以撤回。",
            "Under fourteen a parent or another guardian authorises: have them registered at the credit centre's counter, and use their "
            "own account. You may say no, and take back, by yourself.",
            invariant="E_MINOR",
        )  # fmt: skip
    if by.guardianship is not None and not _is_under_fourteen(guardians.ward_born_on(by), at):
        raise WardConsents(
            "被监护人已满十四周岁，是否同意由本人决定，请本人用自己的账号办理。您可以查看、可以代为拒绝和撤回。",
            "The ward is fourteen: whether to authorise is theirs to say, by their own account. You may look, say no and take back.",
            invariant="E_MINOR",
        )
    found = purposes.find(purpose, on=clock.day(at))
    kept = _within(found, items, days, by.subject_code is None, at)
    made = Consent.objects.create(
        number=f"SQ{at.astimezone(clock.ZONE):%Y%m%d}-{secrets.token_hex(5).upper()}", request=request,
        subject_id=_key(by), recipient_id=recipient_id, purpose=found.id, items=kept, valid_from=at,
        valid_to=at + timedelta(days=days), notice=NOTICE,
        notice_digest=hashlib.sha256(NOTICES[NOTICE][0].encode()).hexdigest(), given_at=at, given_by=by.name,
        guardianship_id=by.guardianship,
    )  # fmt: skip
    if not found.opens_to_unit(made.recipient.code):
        raise BadConsent(
            f"“{found.name_zh}”不是这个单位可以使用的目的。", f"“{found.name_en}” is no purpose that this unit may use."
        )
    audit.enter(
        audit.Event.CONSENT_GIVEN, by=by, object_kind="consent", object_ref=made.number, recipient=made.recipient.code,
        purpose_id=found.id, items=",".join(kept), days=days, is_asked=request is not None,
    )  # fmt: skip
    return consent_view(made, at)


def _is_under_fourteen(born: date | None, at: datetime) -> bool:
    """By the rule of the day; False where no number says a birthday."""
    return born is not None and ages.is_under(ages.CONSENTS_ALONE, born, on=clock.day(at))


def _within(purpose: Purpose, items: Sequence[str], days: int, is_person: bool, at: datetime) -> list[str]:
    """The items asked for, each once, when all of it is within the purpose. Raises BadConsent."""
    allowed = purposes.items(purpose, on=clock.day(at), persons=is_person)
    kept = sorted(set(items))
    if purpose.is_emergency or not 1 <= days <= purpose.max_days:
        raise BadConsent(
            f"授权期限应为 1 至 {purpose.max_days} 天。" if purpose.max_days else f"“{purpose.name_zh}”不适用授权。",
            f"An authorisation for this is for 1 to {purpose.max_days} days."
            if purpose.max_days
            else f"Nobody authorises for “{purpose.name_en}”.",
        )
    if not kept or not set(kept) <= {one.id for one in allowed}:
        raise BadConsent(
            "请选择授权的事项；只能选该目的允许、且与主体类型相符的事项。",
            "Choose the items: those that the purpose allows and that are about such a subject.",
        )
    return kept


def _may_ask(about: Whose, recipient_id: int, purpose: Purpose, at: datetime) -> None:
    asked = _requests().filter(subject_id=about.key, recipient_id=recipient_id, purpose=purpose.id)
    given = list(
        Consent.objects.select_related("withdrawal")
        .filter(subject_id=about.key, recipient_id=recipient_id, purpose=purpose.id)
        .order_by("-id")
    )
    refusals = [one.refusal for one in asked if hasattr(one, "refusal")]
    said_no = [one.refused_at for one in refusals if not hasattr(one, "undoing")]
    said_no += [one.withdrawal.withdrawn_at for one in given if hasattr(one, "withdrawal")]
    if said_no and not any(one.given_at > max(said_no) for one in given):
        raise AskedAgain(
            "该主体对同一目的已经拒绝或撤回过授权，不得再次请求；主体可以自己主动授权。",
            "This subject has refused or withdrawn for this purpose: it is not asked again. It may authorise by itself.",
            invariant="E_ASKED_AGAIN",
        )
    if any(one.valid_to > at and not hasattr(one, "withdrawal") for one in given):
        raise StillOpen(
            "同一目的的授权仍然有效，不必再请求。", "An authorisation for this purpose holds: no need to ask."
        )
    if asked.filter(consent__isnull=True, refusal__isnull=True, lapses_at__gt=at).exists():
        raise StillOpen("上一次请求还没有答复，请等待。", "The last request waits for its answer. Wait for it.")


def _open_request(request_id: int, who: Actor, at: datetime) -> ConsentRequest:
    whose.hold(_key(who))
    found: ConsentRequest | None = _requests().filter(pk=request_id, subject_id=_key(who)).first()
    if found is None:
        raise _unknown()
    if hasattr(found, "refusal") or hasattr(found, "consent"):
        raise AlreadyAnswered(
            "这项请求已经答复过。要改变主意，请撤回授权，或主动授权。",
            "The request has its answer. To change your mind withdraw the authorisation, or give one yourself.",
        )
    if at >= found.lapses_at:
        raise RequestLapsed(
            "这项请求已过期，不能再答复。仍愿意的，可以主动授权。",
            "The request has lapsed and takes no answer any more. If you still want to, authorise by yourself.",
        )
    return found


def _withdraw(found: Consent, *, by: Actor, at: datetime) -> None:
    ended = consent_end.carry_out(found, consent_end.Way.WITHDRAWN, ended_at=at, by=by, at=at)
    ConsentWithdrawal.objects.create(
        consent=found, subject_id=found.subject_id, withdrawn_at=at, withdrawn_by=by.name, effects=ended,
        guardianship_id=by.guardianship,
    )  # fmt: skip
    audit.enter(
        audit.Event.CONSENT_WITHDRAWN, by=by, object_kind="consent", object_ref=found.number,
        erased=ended.get("kept-answers", 0),
    )  # fmt: skip


@contextmanager
def _speaking(by: Actor) -> Iterator[Actor]:
    """Within, the database shows what the actor's subject was asked and has said, under its key. Raises NotAllowed, UnknownConsent."""
    require(by, Action.GIVE_CONSENT, subject=by.subject)
    who = whose.speaker(by)
    if who.subject is None:
        raise _unknown()
    with scope.acting(who):
        yield who


def _key(who: Actor) -> int:
    assert who.subject is not None  # of whoever is speaking
    return who.subject


def _requests() -> Any:
    return ConsentRequest.objects.select_related("recipient", "refusal__undoing", "consent__withdrawal")


def _mine(who: Actor) -> Any:
    """The authorisations of the speaker's own subject (the database holds the same bound)."""
    return Consent.objects.select_related("recipient", "withdrawal").filter(subject_id=_key(who))


def _unknown() -> UnknownConsent:
    return UnknownConsent(
        "没有这项授权或授权请求，或它不是您的。", "There is no such authorisation or request, or it is not yours."
    )
