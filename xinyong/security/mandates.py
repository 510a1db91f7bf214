"""代表关系 Mandates: that an account acts for an organisation, for a time, as a file proves that somebody looked at.

A mandate is never edited; it ends by its term, or early with a reason. What counts is read at every request, so whoever's
mandate has ended, or whose account is closed, is out at the next one. Accounts of the office hold none (migration 0009). Who
the organisation is, is not this room's to say: subjects/mandates.py looks it up and enters what is given at the counter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, invitations, people, proofs, scope
from xinyong.security.access import Action, Actor, Role, require, significant, system
from xinyong.security.models import Account, Mandate, Post

LEGAL, AGENT = Mandate.Kind.LEGAL.value, Mandate.Kind.AGENT.value
_CONTEXT = "mandate.proof"
_SHORTEST, _LONGEST = 4, 200


class UnknownMandate(NotFound):
    """No such mandate, or not for this actor to see."""

    code = "security.unknown-mandate"


class NotApartFromOffice(Conflict):
    """The account serves, or served, in an office: such a one speaks for no organisation."""

    code = "security.mandate-apart"


class MandateHeld(Conflict):
    """The account has a mandate of this organisation for that time already."""

    code = "security.mandate-held"


class NotLegal(Forbidden):
    """Only an organisation's legal representative appoints its agents."""

    code = "security.not-legal-representative"


class UnknownAgent(Invalid):
    """No person has an account of this name."""

    code = "security.unknown-agent"


class AgentTerm(Invalid):
    """An agent's term would outlast that of the legal representative, or is over."""

    code = "security.agent-term"


class EndReasonNeeded(Invalid):
    """Ending a mandate early needs its reason."""

    code = "security.mandate-reason-needed"


@dataclass(frozen=True, slots=True)
class MandateView:
    """One mandate as the credit centre sees it. ``state``: coming, current, over, ended, closed (the account)."""

    id: int
    account_id: int
    username: str
    display_name: str
    is_in_use: bool  # its person has set a password
    subject_id: int
    subject_code: str
    kind: str
    valid_from: datetime
    valid_to: datetime
    proof_name: str
    proof_size: int
    given_at: datetime
    given_by: str
    ended_at: datetime | None
    ended_by: str
    end_reason: str
    state: str

    @property
    def last_on(self) -> date:
        """The last day it holds by its term."""
        return clock.day(self.valid_to - timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mandate as it is asked for at the counter: for which organisation, whose account, which kind, from when to when."""

    subject_id: int
    subject_code: str
    region_code: str
    username: str
    display_name: str
    kind: str
    valid_from: datetime
    valid_to: datetime


def actor(somebody: Actor, *, at: datetime, chosen: int | None = None, is_fresh: bool = True) -> Actor:
    """Who an account without a grant is at an instant: for the organisation of the mandate ``chosen`` where that one holds,
    else of its oldest; as it was given where it has none. Asked before anybody acts, so with the platform's own eyes."""
    if somebody.account_id is None:
        return somebody
    held = of_account(somebody.account_id, at=at)
    if not held:
        return somebody
    one = next((each for each in held if each.id == chosen), held[0])
    return replace(
        somebody, role=Role.SUBJECT, subject=one.subject_id, subject_code=one.subject_code, is_verified=True,
        is_fresh=is_fresh,
    )  # fmt: skip


def of_account(account_id: int, *, at: datetime) -> list[MandateView]:
    """The mandates of an account that hold at an instant, oldest first. An agent's ends with that of the legal representative who
    appointed them. Callers have checked who asks."""
    with scope.acting(system("mandates")):
        found = Mandate.objects.select_related("account").filter(
            Q(given_under__isnull=True) | Q(given_under__ended_at__isnull=True, given_under__account__is_active=True),
            account_id=account_id, account__is_active=True, valid_from__lte=at, valid_to__gt=at, ended_at__isnull=True,
        )  # fmt: skip
        return [_view(one, at) for one in found.order_by("id")]


def is_of_person(account_id: int) -> bool:
    """True for the account of a person, who may act as themself too."""
    return Account.objects.filter(pk=account_id, is_person=True, is_active=True).exists()


@transaction.atomic
def enter(wanted: Wanted, *, proof: Path, proof_name: str, by: Actor, at: datetime) -> tuple[MandateView, str]:
    """Enters a mandate whose file was looked through, for callers who have looked up the organisation; makes the account where
    there is none. Returns the mandate and the token of a one-time link, "" for an account that is in use. One entry.

    Demonstration accounts are given one by the owner of the installation only, but for those of invented persons, whose claims are
    decided as everybody's. Raises NotApartFromOffice, MandateHeld, NotAName, AccountExists, NotAllowed, FactorNeeded.
    """
    require(by, Action.GIVE_MANDATES, region=wanted.region_code or None)
    account = Account.objects.select_for_update().filter(username=wanted.username).first()
    is_demo = account is not None and account.is_demo and not account.is_person and by.role is not Role.SYSTEM
    is_given_up = account is not None and account.is_person and not account.is_active
    if account is not None and (is_demo or is_given_up or Post.objects.filter(account=account).exists()):
        raise _apart()
    if account is None or not account.is_active:
        account = people.open_account(
            username=wanted.username, display_name=wanted.display_name, password=None, is_demo=False
        )
    made = _entered(account, wanted, proof=proof, proof_name=proof_name, by=by, at=at)
    # A person signs in as they were verified; a one-time link is for accounts made at the counter.
    token = "" if account.password_set_at or account.is_person else invitations.make(account.username, by=by, now=at)
    _note_given(made, by, is_invited=bool(token))
    return _view(made, at), token


@transaction.atomic
def appoint(
    username: str, *, valid_to: datetime, proof: Path, proof_name: str, today: date, by: Actor, at: datetime
) -> MandateView:
    """A legal representative lets a person act as their organisation's agent, until a day no later than their own mandate's last,
    with which it ends in any case. ``username``: of the agent's own account, who tells it. One entry.

    Raises NotLegal, UnknownAgent, AgentTerm, MandateHeld, NotApartFromOffice, proofs.UnfitProof, NotAllowed, FactorNeeded.
    """
    own = _legal(by, at)
    account = Account.objects.select_for_update().filter(username=username.strip(), is_active=True).first()
    if account is None or not account.is_person or account.pk == by.account_id:
        raise UnknownAgent(
            "没有这个个人账号。请经办人先开设个人账号，把“我的登录”中显示的用户名告诉您。",
            "There is no such person's account. Have the agent make one first and tell you its user name.",
        )
    if not at < valid_to <= own.valid_to:
        raise AgentTerm(
            f"经办人的期限不能超过您自己的期限（至 {_view(own, at).last_on}）。",
            f"An agent's term is no longer than your own (up to {_view(own, at).last_on}).",
        )
    proofs.look(proof, today=today)
    wanted = Wanted(
        own.subject_id, own.subject_code, own.region_code, account.username, account.display_name, AGENT, at, valid_to
    )
    made = _entered(account, wanted, proof=proof, proof_name=proof_name, by=by, at=at, under=own)
    _note_given(made, by, is_invited=False)
    return _view(made, at)


def agents(*, by: Actor, at: datetime) -> list[MandateView]:
    """The agents whom a legal representative appointed, the newest first. One entry. Raises NotLegal, NotAllowed."""
    own = _legal(by, at, lock=False)
    audit.enter(audit.Event.MANDATES_VIEWED, by=by, object_kind="mandates", object_ref=own.subject_code)
    found = Mandate.objects.select_related("account", "given_under").filter(given_under=own).order_by("-id")
    return [_view(one, at) for one in found[:200]]


@transaction.atomic
def dismiss(mandate_id: int, *, reason: str, by: Actor, at: datetime) -> MandateView:
    """A legal representative ends the mandate of an agent whom they appointed. Raises UnknownMandate, NotLegal,
    EndReasonNeeded, NotAllowed, FactorNeeded."""
    own = _legal(by, at)
    found = Mandate.objects.select_for_update(of=("self",)).filter(pk=mandate_id, given_under=own).first()
    if found is None:
        raise _unknown(mandate_id)
    return _ended(found, reason, by, at)


def ending(on: Sequence[date]) -> list[tuple[int, int, date]]:
    """Mandates whose last day is one of these: their id, their organisation's and the day, for who tells them."""
    days = [datetime.combine(one + timedelta(days=1), time(), tzinfo=clock.ZONE) for one in on]
    with scope.acting(system("mandates")):
        found = Mandate.objects.filter(ended_at__isnull=True, valid_to__in=days).select_related("account")
        return [(one.pk, one.subject_id, _last_on(one)) for one in found]


def _legal(by: Actor, at: datetime, *, lock: bool = True) -> Mandate:
    """The mandate of a legal representative under which somebody acts now."""
    require(by, Action.APPOINT_AGENTS)
    held = [
        one.id for one in of_account(by.account_id or 0, at=at) if one.kind == LEGAL and one.subject_id == by.subject
    ]
    found = Mandate.objects.filter(pk__in=held)
    own = (found.select_for_update(of=("self",)) if lock else found).first()
    if own is None:
        raise NotLegal(
            "只有法定代表人（负责人）可以委派经办人。",
            "Only the legal representative of an organisation appoints agents.",
        )
    return own


def _entered(
    account: Account, wanted: Wanted, *, proof: Path, proof_name: str, by: Actor, at: datetime, under: Mandate | None = None
) -> Mandate:  # fmt: skip
    digest, size = proofs.keep(proof, folder(), context=_CONTEXT)
    made = Mandate(
        account=account, subject_id=wanted.subject_id, subject_code=wanted.subject_code, region_code=wanted.region_code,
        kind=wanted.kind, valid_from=wanted.valid_from, valid_to=wanted.valid_to, given_at=at, given_by=by.name,
        proof_name=unnumbered(Path(proof_name).name)[-200:], proof_digest=digest, proof_size=size, given_under=under,
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise _said(error) from error
    return made


def _note_given(made: Mandate, by: Actor, *, is_invited: bool) -> None:
    audit.enter(
        audit.Event.MANDATE_GIVEN, by=by, object_kind="account", object_ref=made.account.username, mandate=made.pk,
        subject=made.subject_code, kind=made.kind, until=made.valid_to.isoformat(), digest=made.proof_digest,
        is_invited=is_invited,
    )  # fmt: skip


@transaction.atomic
def invite_again(mandate_id: int, *, by: Actor, at: datetime) -> tuple[MandateView, str]:
    """Another one-time link for an account that is not in use yet; the one before is void. Raises UnknownMandate, NotInvited."""
    require(by, Action.GIVE_MANDATES)
    found = _find(mandate_id, by)
    if found.account.password_set_at is not None:
        raise invitations.NotInvited(
            "此账号已由本人启用，不能再发一次性链接。本人无法登录的，请安全管理员重置其验证因素，或结束后另建账号。",
            "This account has been taken into use by its person: no link. If they cannot sign in, a security administrator resets "
            "its factors, or end the mandate and make another account.",
        )
    token = invitations.make(found.account.username, by=by, now=at)
    audit.enter(audit.Event.INVITED, by=by, object_kind="account", object_ref=found.account.username)
    return _view(found, at), token


@transaction.atomic
def end(mandate_id: int, *, reason: str, by: Actor, at: datetime) -> MandateView:
    """Ends a mandate now; its account acts for the organisation no more from its next request. Ended twice: ended once. Raises
    UnknownMandate, EndReasonNeeded, NotAllowed, FactorNeeded."""
    require(by, Action.GIVE_MANDATES)
    found = _find(mandate_id, by, lock=True)
    return _ended(found, reason, by, at)


def _ended(found: Mandate, reason: str, by: Actor, at: datetime) -> MandateView:
    said = " ".join(unnumbered(reason).split())
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise EndReasonNeeded(
            f"请写明终止的原因（{_SHORTEST} 至 {_LONGEST} 字），例如“经办人离职”。",
            f"Say why it ends ({_SHORTEST} to {_LONGEST} characters).",
        )
    if found.ended_at is None:
        found.ended_at, found.ended_by, found.end_reason = at, by.name, said
        found.save(update_fields=["ended_at", "ended_by", "end_reason"])
        audit.enter(
            audit.Event.MANDATE_ENDED, by=by, object_kind="account", object_ref=found.account.username, mandate=found.pk,
            subject=found.subject_code, reason=said,
        )  # fmt: skip
    return _view(found, at)


def listing(
    *, text: str = "", after: int | None = None, limit: int = 30, seen_by: Actor, at: datetime
) -> list[MandateView]:
    """The newest first; ``text`` is part of a code or user name, ``after`` the last id of the page before. One entry. Raises
    NotAllowed."""
    require(seen_by, Action.VIEW_MANDATES)
    audit.enter(audit.Event.MANDATES_VIEWED, by=seen_by, object_kind="mandates", object_ref="all")
    found = Mandate.objects.select_related("account", "given_under").order_by("-id")
    if seen_by.region:
        found = found.filter(region_code__startswith=significant(seen_by.region))
    if words := text.strip():
        found = found.filter(Q(subject_code__icontains=words) | Q(account__username__icontains=words))
    if after is not None:
        found = found.filter(pk__lt=after)
    return [_view(one, at) for one in found[:limit]]


def find(mandate_id: int, *, seen_by: Actor, at: datetime) -> MandateView:
    """One mandate; one entry. Raises UnknownMandate, NotAllowed."""
    require(seen_by, Action.VIEW_MANDATES)
    found = _find(mandate_id, seen_by)
    audit.enter(audit.Event.MANDATES_VIEWED, by=seen_by, object_kind="mandate", object_ref=str(mandate_id))
    return _view(found, at)


def proof(mandate_id: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens the file that proves a mandate into ``to``; its name and content type. One entry. Raises UnknownMandate."""
    require(seen_by, Action.VIEW_MANDATES)
    found = _find(mandate_id, seen_by)
    audit.enter(
        audit.Event.PROOF_OPENED,
        by=seen_by,
        object_kind="mandate",
        object_ref=str(mandate_id),
        digest=found.proof_digest,
    )
    return found.proof_name, proofs.take(found.proof_digest, to, folder(), context=_CONTEXT)


def choose(request: HttpRequest, mandate_id: int, *, by: Actor, at: datetime, key: str) -> None:
    """From the next request on this session acts under another mandate of the same account; 0: as the person themself. Raises
    UnknownMandate."""
    require(by, Action.VIEW_ABOUT_ME)
    if mandate_id == 0:
        request.session.pop(key, None)
        request.session.save()
        return
    held = of_account(by.account_id or 0, at=at)
    one = next((each for each in held if each.id == mandate_id), None)
    if one is None:
        raise _unknown(mandate_id)
    with transaction.atomic():
        audit.enter(
            audit.Event.GRANT_CHOSEN, by=by, object_kind="account", object_ref=by.name, mandate=mandate_id,
            role=Role.SUBJECT.value,
        )  # fmt: skip
        request.session[key] = mandate_id
        request.session.save()


def folder() -> Path:
    """Where the files that prove mandates lie, sealed."""
    return Path(settings.XINYONG_HOME) / "security" / "mandates"


def _find(mandate_id: int, by: Actor, *, lock: bool = False) -> Mandate:
    found = Mandate.objects.select_related("account").filter(pk=mandate_id)
    if by.region:
        found = found.filter(region_code__startswith=significant(by.region))
    one = (found.select_for_update(of=("self",)) if lock else found).first()
    if one is None:
        raise _unknown(mandate_id)
    return one


def _view(one: Mandate, at: datetime) -> MandateView:
    state = "over" if one.valid_to <= at else "coming" if one.valid_from > at else "current"
    under = one.given_under
    is_ended = one.ended_at is not None or (under is not None and under.ended_at is not None)
    return MandateView(
        id=one.pk, account_id=one.account_id, username=one.account.username, display_name=one.account.display_name,
        is_in_use=one.account.password_set_at is not None, subject_id=one.subject_id, subject_code=one.subject_code,
        kind=one.kind, valid_from=one.valid_from, valid_to=one.valid_to, proof_name=one.proof_name,
        proof_size=one.proof_size, given_at=one.given_at, given_by=one.given_by, ended_at=one.ended_at,
        ended_by=one.ended_by, end_reason=one.end_reason,
        state="ended" if is_ended else "closed" if not one.account.is_active else state,
    )  # fmt: skip


def _last_on(one: Mandate) -> date:
    return clock.day(one.valid_to) - timedelta(days=1)


def _apart() -> NotApartFromOffice:
    return NotApartFromOffice(
        "这个用户名属于单位或信用中心的人员（或演示账号），不能代表市场主体。请换一个用户名。",
        "This user name is of somebody who serves, or served, in an office, or of the demonstration: it cannot act for an "
        "organisation. Choose another.",
    )


def _said(error: IntegrityError) -> Exception:
    rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    if rule == "mandate_apart":
        return _apart()
    if rule == "mandate_one_at_a_time":
        return MandateHeld(
            "这个账号在这段时间内已经代表该主体。如要更改，请先终止原有的代表关系。",
            "This account acts for the organisation in that time already. To change it, end what there is first.",
        )
    return error


def _unknown(mandate_id: int) -> UnknownMandate:
    return UnknownMandate(
        f"没有编号为 {mandate_id} 的代表关系，或者它不归您办理。",
        f"There is no mandate {mandate_id}, or it is not yours.",
    )
