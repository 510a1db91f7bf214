"""授权同意 Consent: a recipient asks a subject for an authorisation, or the subject gives one unasked; it refuses; it takes back.

An authorisation names recipient, purpose, items and a term, and nothing follows from it beyond these. A refusal stands: the same
recipient does not ask for the same purpose again (E_ASKED_AGAIN). A withdrawal counts from the next instant, erases what rests on it
alone, and leaves what was done before as it was. Everything only grows; receipts carry a number.
Source: PIPL 13–17, 29, 47; 网络数据安全管理条例 22(5), 22(6); INV-20, INV-21.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.rights import consent_end, purposes, whose
from xinyong.rights.consent_view import Answered, ConsentView, RequestView, consent_view, request_view
from xinyong.rights.models import Consent, ConsentRefusal, ConsentRequest, ConsentWithdrawal
from xinyong.rights.purposes import Purpose
from xinyong.rights.whose import Whose
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require
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


class BadConsent(Invalid):
    """An authorisation names items of the purpose, a term within the purpose's, and what happens without it."""

    code = "rights.bad-consent"


@transaction.atomic
def ask(
    about: Whose, *, purpose: str, items: Sequence[str], days: int, without: str, by: Actor, at: datetime
) -> RequestView:
    """Asks a subject for an authorisation for one's own unit. ``without``: what happens when it says no.

    Raises PurposeNeeded, PurposeNotYours, BadConsent, AskedAgain, StillOpen, NotAllowed.
    """
    require(by, Action.ASK_CONSENT, department=by.department or "-")
    found = purposes.chosen(purpose, by=by, at=at)
    kept = _within(found, items, days, about, at)
    said = " ".join(unnumbered(without).split())
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise BadConsent(
            f"请写明不授权会怎样（{_SHORTEST} 至 {_LONGEST} 字），例如“将改为人工核验纸质材料”。",
            f"Say what happens without the authorisation ({_SHORTEST} to {_LONGEST} characters).",
        )
    unit = identity.source_unit(by.department or "")
    whose.hold(about.id)
    _may_ask(about, unit.id, found, at)
    made = ConsentRequest.objects.create(
        subject_id=about.id, recipient_id=unit.id, purpose=found.id, items=kept, days=days, without=said, asked_at=at,
        asked_by=by.name,
    )  # fmt: skip
    audit.enter(
        audit.Event.CONSENT_ASKED, by=by, object_kind="consent-request", object_ref=str(made.pk), subject=about.ref,
        purpose_id=found.id, items=",".join(kept), days=days,
    )  # fmt: skip
    subject_notices.tell(
        SubjectKind.CONSENT_ASKED, subject_id=about.id, facts={"unit": unit.name}, link=f"/own/consents/asked/{made.pk}/",
        key=str(made.pk), by=by, at=at,
    )  # fmt: skip
    return request_view(made)


@transaction.atomic
def give(
    request_id: int, *, by: Actor, at: datetime, items: Sequence[str] | None = None, days: int | None = None
) -> ConsentView:
    """Says yes to a request, to all of it or to fewer items and days. Raises UnknownConsent, AlreadyAnswered, BadConsent."""
    request = _open_request(request_id, by)
    wanted, term = list(items if items is not None else request.items), days if days is not None else request.days
    if not set(wanted) <= set(request.items) or term > request.days:
        raise BadConsent(
            "只能同意所请求的事项和期限，或更少。", "You can agree to what was asked for, or to less, not to more."
        )
    return _enter(request.recipient_id, request.purpose, wanted, term, request=request, by=by, at=at)


@transaction.atomic
def give_unasked(
    recipient: str, *, purpose: str, items: Sequence[str], days: int, by: Actor, at: datetime
) -> ConsentView:
    """Authorises a unit by its code without having been asked. Raises UnknownDepartment, PurposeNeeded, BadConsent."""
    subject_id = _own(by)
    unit = identity.source_unit(recipient)
    whose.hold(subject_id)
    return _enter(unit.id, purpose, items, days, request=None, by=by, at=at)


@transaction.atomic
def refuse(request_id: int, *, by: Actor, at: datetime) -> RequestView:
    """Says no; nobody of that recipient asks for that purpose again. Raises UnknownConsent, AlreadyAnswered."""
    request = _open_request(request_id, by)
    ConsentRefusal.objects.create(request=request, subject_id=request.subject_id, refused_at=at, refused_by=by.name)
    audit.enter(
        audit.Event.CONSENT_REFUSED, by=by, object_kind="consent-request", object_ref=str(request.pk),
        purpose_id=request.purpose,
    )  # fmt: skip
    return request_view(request)


@transaction.atomic
def withdraw(consent_id: int, *, by: Actor, at: datetime) -> ConsentView:
    """Takes an authorisation back, at once; erases what rests on it alone. Withdrawn twice: once. Raises UnknownConsent."""
    subject_id = _own(by)
    whose.hold(subject_id)
    found = _mine(by).filter(pk=consent_id).first()
    if found is None:
        raise _unknown()
    if not ConsentWithdrawal.objects.filter(consent=found).exists():
        ended = consent_end.carry_out(found, consent_end.Way.WITHDRAWN, ended_at=at, by=by, at=at)
        ConsentWithdrawal.objects.create(
            consent=found, subject_id=subject_id, withdrawn_at=at, withdrawn_by=by.name, effects=ended
        )
        audit.enter(
            audit.Event.CONSENT_WITHDRAWN,
            by=by,
            object_kind="consent",
            object_ref=found.number,
            erased=ended.get("kept-answers", 0),
        )
    return consent_view(_mine(by).get(pk=consent_id), at)


def of_subject(*, by: Actor, at: datetime) -> Answered:
    """What one's subject was asked for and has given, the newest first; one entry. Raises NotAllowed."""
    require(by, Action.GIVE_CONSENT, subject=by.subject)
    audit.enter(audit.Event.CONSENTS_VIEWED, by=by, object_kind="consents", object_ref=by.subject_code or "own")
    own = by.subject if by.subject is not None else -1  # a person of whom nothing is recorded was asked nothing
    asked = ConsentRequest.objects.select_related("recipient", "refusal", "consent").filter(subject_id=own)
    return Answered(
        tuple(request_view(one) for one in asked.order_by("-id")),
        tuple(consent_view(one, at) for one in _mine(by).order_by("-id")),
    )


def request_of(request_id: int, *, by: Actor) -> RequestView:
    """One request to one's subject, or of one's unit. Raises UnknownConsent, NotAllowed."""
    rows = ConsentRequest.objects.select_related("recipient", "refusal", "consent").filter(pk=request_id)
    if by.subject is not None:
        require(by, Action.GIVE_CONSENT, subject=by.subject)
        found = rows.filter(subject_id=by.subject).first()
    else:
        require(by, Action.ASK_CONSENT, department=by.department or "-")
        found = rows.filter(recipient__code=by.department).first()
    if found is None:
        raise _unknown()
    return request_view(found)


def receipt(consent_id: int, *, by: Actor, at: datetime) -> ConsentView:
    """One authorisation of one's subject, as its receipt says it. Raises UnknownConsent, NotAllowed."""
    _own(by)
    found = _mine(by).filter(pk=consent_id).first()
    if found is None:
        raise _unknown()
    return consent_view(found, at)


def of_unit(*, by: Actor, at: datetime, after: int | None = None, limit: int = 30) -> list[RequestView]:
    """What one's unit asked for, the newest first; ``after`` continues a page. One entry. Raises NotAllowed."""
    require(by, Action.ASK_CONSENT, department=by.department or "-")
    audit.enter(audit.Event.CONSENTS_VIEWED, by=by, object_kind="consents", object_ref=by.department or "")
    rows = ConsentRequest.objects.select_related("recipient", "refusal", "consent__withdrawal")
    rows = rows.filter(recipient__code=by.department).order_by("-id")
    if after is not None:
        rows = rows.filter(id__lt=after)
    return [request_view(one) for one in rows[:limit]]


def held(subject_id: int, *, recipient: str) -> list[Consent]:
    """Every authorisation that a subject ever gave a unit, with what became of it: for ``queries``, which decides."""
    rows = Consent.objects.select_related("withdrawal").filter(subject_id=subject_id, recipient__code=recipient)
    return list(rows.order_by("id"))


def item_titles(ids: Sequence[str]) -> list[tuple[str, str]]:
    """Items by their titles, zh and en; one that is in force no more stands for itself."""
    known = {one.id: (one.title_zh, one.title_en) for one in publish.items()}
    return [known.get(one, (one, one)) for one in ids]


def _enter(
    recipient_id: int, purpose: str, items: Sequence[str], days: int, *, request: ConsentRequest | None, by: Actor,
    at: datetime,
) -> ConsentView:  # fmt: skip
    subject_id = _own(by)
    found = purposes.find(purpose, on=at.astimezone(clock.ZONE).date())
    kept = _within(found, items, days, whose.of_id(subject_id), at)
    made = Consent.objects.create(
        number=f"SQ{at.astimezone(clock.ZONE):%Y%m%d}-{secrets.token_hex(5).upper()}", request=request,
        subject_id=subject_id, recipient_id=recipient_id, purpose=found.id, items=kept, valid_from=at,
        valid_to=at + timedelta(days=days), notice=NOTICE,
        notice_digest=hashlib.sha256(NOTICES[NOTICE][0].encode()).hexdigest(), given_at=at, given_by=by.name,
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


def _within(purpose: Purpose, items: Sequence[str], days: int, about: Whose, at: datetime) -> list[str]:
    """The items asked for, each once, when all of it is within the purpose. Raises BadConsent."""
    allowed = purposes.items(purpose, on=at.astimezone(clock.ZONE).date(), persons=about.is_person)
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
    asked = ConsentRequest.objects.filter(subject_id=about.id, recipient_id=recipient_id, purpose=purpose.id)
    given = list(
        Consent.objects.select_related("withdrawal")
        .filter(subject_id=about.id, recipient_id=recipient_id, purpose=purpose.id)
        .order_by("-id")
    )
    said_no = [one.refusal.refused_at for one in asked.select_related("refusal") if hasattr(one, "refusal")]
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
    if asked.filter(consent__isnull=True, refusal__isnull=True).exists():
        raise StillOpen("上一次请求还没有答复，请等待。", "The last request waits for its answer. Wait for it.")


def _open_request(request_id: int, by: Actor) -> ConsentRequest:
    subject_id = _own(by)
    whose.hold(subject_id)
    rows = ConsentRequest.objects.select_related("recipient", "refusal", "consent")
    found = rows.filter(pk=request_id, subject_id=subject_id).first()
    if found is None:
        raise _unknown()
    if hasattr(found, "refusal") or hasattr(found, "consent"):
        raise AlreadyAnswered(
            "这项请求已经答复过。要改变主意，请撤回授权，或主动授权。",
            "The request has its answer. To change your mind withdraw the authorisation, or give one yourself.",
        )
    return found


def _own(by: Actor) -> int:
    require(by, Action.GIVE_CONSENT, subject=by.subject)
    if by.subject is None:
        raise _unknown()
    return by.subject


def _mine(by: Actor) -> Any:
    """The authorisations of the actor's own subject (the database holds the same bound)."""
    rows = Consent.objects.select_related("recipient", "withdrawal")
    return rows.filter(subject_id=by.subject if by.subject is not None else -1)


def _unknown() -> UnknownConsent:
    return UnknownConsent(
        "没有这项授权或授权请求，或它不是您的。", "There is no such authorisation or request, or it is not yours."
    )
