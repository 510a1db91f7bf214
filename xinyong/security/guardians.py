"""监护 Guardians: a person acts for a child, on papers that an operator looked at, until the child is of age.

A guardianship is a mandate of one natural person for another. It holds from when it is entered to the end of its term, or to the
ward's eighteenth birthday, whichever comes first, and by itself: that day is computed whenever it is asked, from the ward's sealed
number, and stands nowhere. Who the ward is, is sealed, and forgotten once the guardianship is over. What a guardian does is entered as
theirs. The ward needs no account, and nothing need be on file of them.
Source: PIPL 31; 民法典 23, 27, 34, 35 (a guardian is the ward's statutory agent).
"""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from xinyong.kernel.masking import Personal, mask
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import ages, audit, encryption, mandates, persons, proofs, scope
from xinyong.security.access import Action, Actor, Role, require, system
from xinyong.security.models import Account, Guardianship
from xinyong.security.persons import CITIZEN, Identity

#: A guardianship is entered for so many days at most; then the papers are looked at again.
LONGEST_DAYS = 3 * 366
KIND = "guardian"
_CONTEXT = "guardian.sealed"
_PROOF_CONTEXT = "guardian.proof"
_SHORTEST, _LONGEST = 4, 200


class UnknownGuardianship(NotFound):
    """No such guardianship, or not for this actor to see."""

    code = "security.unknown-guardianship"


class NotAGuardian(Invalid):
    """No person in use of this user name who is of age and somebody else than the ward."""

    code = "security.not-a-guardian"


class WardOfAge(Forbidden):
    """Whoever is of age speaks for themself."""

    code = "security.ward-of-age"


class GuardianshipHeld(Conflict):
    """This person is the ward's guardian already."""

    code = "security.guardianship-held"


class BadGuardianTerm(Invalid):
    """The term is over before it begins, or longer than the longest."""

    code = "security.bad-guardian-term"


@dataclass(frozen=True, slots=True)
class GuardianshipView:
    """A guardianship as its guardian and the credit centre see it. ``ward`` is masked, "" once forgotten. ``state``: current, ended (early),
    over (its term, or the ward is of age), closed (the account)."""

    id: int
    account_id: int
    username: str
    display_name: str
    ward: str
    last_on: date
    proof_name: str
    proof_size: int
    given_at: datetime
    given_by: str
    ended_at: datetime | None
    ended_by: str
    end_reason: str
    state: str


@transaction.atomic
def enter(
    username: str, *, ward: Identity, last_on: date, proof: Path, proof_name: str, by: Actor, at: datetime
) -> GuardianshipView:
    """Enters that the person of an account is the guardian of a child, up to and with a day, on a file of proof. One entry.

    Raises NotAGuardian, WardOfAge, GuardianshipHeld, BadGuardianTerm, proofs.UnfitProof, NotAllowed, FactorNeeded.
    """
    require(by, Action.GIVE_MANDATES)
    today = clock.day(at)
    if not today <= last_on or (last_on - today).days > LONGEST_DAYS:
        raise BadGuardianTerm(
            "截止日不早于今天，最长三年。", "The last day is today or later, three years from now at most."
        )
    if ward.kind != CITIZEN or not ages.is_under(ages.OF_AGE, ages.born(ward.number), on=today):
        raise WardOfAge(
            "被监护人须未满十八周岁，以居民身份证号码登记。已成年的由本人办理。",
            "The ward is under eighteen, and named by a citizen's number. Whoever is of age acts by themself.",
        )
    proofs.look(proof, today=today)
    account = Account.objects.select_for_update().filter(username=username.strip(), is_active=True).first()
    _require_guardian(account, ward, today)
    assert account is not None
    with scope.acting(system("guardians")):
        if any(bytes(one.ward_digest or b"") == ward.digest for one in _current(account.pk, at)):
            raise GuardianshipHeld(
                "此人已登记为该被监护人的监护人。需要延长的，请在到期后重新登记。",
                "This person is entered as the ward's guardian already. To prolong it, enter it again once it is over.",
            )
    digest, size = proofs.keep(proof, folder(), context=_PROOF_CONTEXT)
    content = json.dumps([ward.name, ward.kind, ward.number], ensure_ascii=False).encode()
    made = Guardianship.objects.create(
        account=account, ward_digest=ward.digest, sealed=encryption.seal(content, context=_CONTEXT), valid_from=at,
        valid_to=_begins(last_on + timedelta(days=1)), proof_name=unnumbered(Path(proof_name).name)[-200:],
        proof_digest=digest, proof_size=size, given_at=at, given_by=by.name,
    )  # fmt: skip
    audit.enter(
        audit.Event.MANDATE_GIVEN, by=by, object_kind="account", object_ref=account.username, guardianship=made.pk, kind=KIND,
        subject=f"person:{ward.digest.hex()}", until=made.valid_to.isoformat(), digest=digest, is_invited=False,
    )  # fmt: skip
    return _view(made, at)


def actor(somebody: Actor, *, chosen: int, at: datetime, is_fresh: bool = True) -> Actor:
    """An account's person as the guardian whom they chose to act as, where that holds; else as it was given. Asked before anybody acts,
    so with the platform's own eyes."""
    found = next((one for one in _held(somebody.account_id, at) if one.pk == chosen), None)
    if found is None:
        return somebody
    return replace(
        somebody, role=Role.PERSON, subject=found.subject_id, guardianship=found.pk, is_verified=True, is_fresh=is_fresh
    )


def of_account(account_id: int, *, at: datetime) -> list[GuardianshipView]:
    """The guardianships of an account that hold at an instant, the oldest first. Callers have checked who asks."""
    return [_view(one, at) for one in _held(account_id, at)]


def digest_of(by: Actor) -> bytes | None:
    """Which natural person somebody speaks for: the ward of a guardian, else themself; None for whoever is nobody's account. Callers have
    checked who asks."""
    if by.guardianship is None:
        held = persons.of_account(by.account_id) if by.account_id is not None else None
        return held.digest if held is not None else None
    with scope.acting(system("guardians")):
        one = Guardianship.objects.filter(pk=by.guardianship or 0, account_id=by.account_id or 0).first()
    return bytes(one.ward_digest) if one is not None and one.ward_digest is not None else None


def ward_born_on(by: Actor) -> date | None:
    """The birthday of a guardian's ward, read from the sealed number in memory. Callers have checked who asks, and keep it nowhere."""
    with scope.acting(system("guardians")):
        one = Guardianship.objects.filter(pk=by.guardianship or 0, account_id=by.account_id or 0).first()
    ward = _ward(one) if one is not None else None
    return ages.born(ward.number) if ward is not None else None


def settle(by: Actor, subject_id: int | None) -> None:
    """Notes which subject of the register a guardian's ward is, for the room that has looked it up."""
    with scope.acting(system("guardians")):
        Guardianship.objects.filter(pk=by.guardianship or 0, ward_digest__isnull=False).exclude(
            subject_id=subject_id
        ).update(subject_id=subject_id)


def choose(request: HttpRequest, guardianship_id: int, *, by: Actor, at: datetime, key: str) -> None:
    """From the next request on this session acts for a ward of the same account. Raises UnknownGuardianship."""
    require(by, Action.VIEW_ABOUT_ME)
    if not any(one.pk == guardianship_id for one in _held(by.account_id, at)):
        raise _unknown(guardianship_id)
    with transaction.atomic():
        audit.enter(
            audit.Event.GRANT_CHOSEN, by=by, object_kind="account", object_ref=by.name, guardianship=guardianship_id,
            role=Role.PERSON.value,
        )  # fmt: skip
        request.session[key] = guardianship_id
        request.session.save()


def listing(*, after: int | None = None, limit: int = 30, seen_by: Actor, at: datetime) -> list[GuardianshipView]:
    """The newest first; ``after`` the last id of the page before. One entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_MANDATES)
    audit.enter(audit.Event.MANDATES_VIEWED, by=seen_by, object_kind="guardianships", object_ref="all")
    found = Guardianship.objects.select_related("account").order_by("-id")
    if after is not None:
        found = found.filter(pk__lt=after)
    return [_view(one, at) for one in found[:limit]]


def find(guardianship_id: int, *, seen_by: Actor, at: datetime) -> GuardianshipView:
    """One guardianship; one entry. Raises UnknownGuardianship, NotAllowed."""
    require(seen_by, Action.VIEW_MANDATES)
    found = _find(guardianship_id)
    audit.enter(audit.Event.MANDATES_VIEWED, by=seen_by, object_kind="guardianship", object_ref=str(guardianship_id))
    return _view(found, at)


def proof(guardianship_id: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens the file that proves a guardianship into ``to``; its name and content type. One entry. Raises UnknownGuardianship."""
    require(seen_by, Action.VIEW_MANDATES)
    found = _find(guardianship_id)
    audit.enter(
        audit.Event.PROOF_OPENED, by=seen_by, object_kind="guardianship", object_ref=str(guardianship_id),
        digest=found.proof_digest,
    )  # fmt: skip
    return found.proof_name, proofs.take(found.proof_digest, to, folder(), context=_PROOF_CONTEXT)


@transaction.atomic
def end(guardianship_id: int, *, reason: str, by: Actor, at: datetime) -> GuardianshipView:
    """Ends a guardianship now, and forgets who the ward is. Ended twice: ended once. Raises UnknownGuardianship,
    mandates.EndReasonNeeded, NotAllowed, FactorNeeded."""
    require(by, Action.GIVE_MANDATES)
    found = (
        Guardianship.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(pk=guardianship_id)
        .first()
    )
    if found is None:
        raise _unknown(guardianship_id)
    said = " ".join(unnumbered(reason).split())
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise mandates.EndReasonNeeded(
            f"请写明终止的原因（{_SHORTEST} 至 {_LONGEST} 字），例如“监护人变更”。",
            f"Say why it ends ({_SHORTEST} to {_LONGEST} characters).",
        )
    if found.ended_at is None:
        found.ended_at, found.ended_by, found.end_reason = at, by.name, said
        found.ward_digest, found.sealed, found.subject_id = None, None, None
        found.save()
        audit.enter(
            audit.Event.MANDATE_ENDED, by=by, object_kind="account", object_ref=found.account.username,
            guardianship=found.pk, kind=KIND, reason=said,
        )  # fmt: skip
    return _view(found, at)


@transaction.atomic
def forget_over(*, by: Actor, at: datetime) -> int:
    """Forgets who the wards are of guardianships that are over: their term, or the ward is of age. How many. Raises NotAllowed."""
    require(by, Action.OPERATE)
    found = Guardianship.objects.select_for_update().filter(ward_digest__isnull=False)
    gone = [one.pk for one in found if not _holds(one, at)]
    return int(Guardianship.objects.filter(pk__in=gone).update(ward_digest=None, sealed=None, subject_id=None))


def folder() -> Path:
    """Where the files that prove guardianships lie, sealed."""
    return Path(settings.XINYONG_HOME) / "security" / "guardians"


def _require_guardian(account: Account | None, ward: Identity, today: date) -> None:
    held = persons.of_account(account.pk) if account is not None else None
    born = persons.born_on(account.pk) if account is not None else None
    is_grown = born is None or not ages.is_under(ages.OF_AGE, born, on=today)
    if held is None or held.digest == ward.digest or not is_grown:
        raise NotAGuardian(
            "没有这个个人账号，或者账号本人未成年，或者就是被监护人。请监护人先开设个人账号，用户名在“我的登录”中可以看到。",
            "There is no such person's account, or its person is under age, or the ward. Have the guardian make an account first; its "
            "user name stands under “My sign-in”.",
        )


def _current(account_id: int, at: datetime) -> list[Guardianship]:
    found = Guardianship.objects.select_related("account").filter(
        account_id=account_id, account__is_active=True, ended_at__isnull=True, ward_digest__isnull=False,
        valid_from__lte=at, valid_to__gt=at,
    )  # fmt: skip
    return [one for one in found.order_by("id") if _holds(one, at)]


def _held(account_id: int | None, at: datetime) -> list[Guardianship]:
    if account_id is None:
        return []
    with scope.acting(system("guardians")):
        return _current(account_id, at)


def _ward(one: Guardianship) -> Identity | None:
    if one.sealed is None:
        return None
    name, kind, number = json.loads(encryption.unseal(bytes(one.sealed), context=_CONTEXT))
    return Identity(name, number, kind)


def _holds(one: Guardianship, at: datetime) -> bool:
    """Whether its time runs and the ward is under age: of that day nothing is stored."""
    ward = _ward(one)
    today = clock.day(at)
    return ward is not None and at < one.valid_to and ages.is_under(ages.OF_AGE, ages.born(ward.number), on=today)


def _view(one: Guardianship, at: datetime) -> GuardianshipView:
    ward = _ward(one)
    state = "current" if _holds(one, at) else "over"
    return GuardianshipView(
        id=one.pk, account_id=one.account_id, username=one.account.username, display_name=one.account.display_name,
        ward=mask(ward.name, Personal.NAME) if ward is not None else "", last_on=_last_on(one), proof_name=one.proof_name,
        proof_size=one.proof_size, given_at=one.given_at, given_by=one.given_by, ended_at=one.ended_at,
        ended_by=one.ended_by, end_reason=one.end_reason,
        state="ended" if one.ended_at is not None else "closed" if not one.account.is_active else state,
    )  # fmt: skip


def _last_on(one: Guardianship) -> date:
    return clock.day(one.valid_to - timedelta(microseconds=1))


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=clock.ZONE)


def _find(guardianship_id: int) -> Guardianship:
    one = Guardianship.objects.select_related("account").filter(pk=guardianship_id).first()
    if one is None:
        raise _unknown(guardianship_id)
    return one


def _unknown(guardianship_id: int) -> UnknownGuardianship:
    return UnknownGuardianship(
        f"没有编号为 {guardianship_id} 的监护关系，或者它不归您办理。",
        f"There is no guardianship {guardianship_id}, or it is not yours.",
    )
