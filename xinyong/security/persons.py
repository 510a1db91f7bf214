"""个人账号 Persons' accounts: who they are, proved by a government identity provider or by papers that an operator looked at.

Nobody signs up by saying who they are. Name and number are sealed, found by the keyed digest that finds a person in the register of
subjects; neither stands in a user name, an address, a log. An account shows its person what is on file of them, and nobody
else anything. Given up, it forgets for ever who it was; records rest on law and stay.
Source: PIPL art. 44, 45, 47, 50; Zhejiang 15, 19 (INV-66, 70, 73).
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db import transaction

from xinyong.kernel import codes
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.masking import Personal, mask
from xinyong.security import ages, audit, encryption, factors, invitations, oidc, people, scope, sessions
from xinyong.security.access import Action, Actor, Role, require, system
from xinyong.security.models import (
    Account,
    Mandate,
    OneTimeLink,
    OutsideIdentity,
    PersonAccount,
    UsedPassword,
)

CITIZEN = "身份证"
#: Kinds of certificates, as departments report them (catalogue code list certificate-kind).
KINDS = (CITIZEN, "护照号", "港澳居民来往内地通行证", "台湾居民来往大陆通行证", "外国人永久居留身份证")
_CONTEXT = "person.sealed"
_SHORTEST = 5
_GONE = "已注销"


class NotAPerson(Invalid):
    """No name, or no number that a certificate of this kind has."""

    code = "security.not-a-person"


class HasAccount(Conflict):
    """This person has an account already."""

    code = "security.person-has-account"


class UnknownPerson(NotFound):
    """No such account of a person."""

    code = "security.unknown-person"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, by a certificate. It shows in no traceback."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    kind: str = CITIZEN

    @property
    def digest(self) -> bytes:
        """What finds this person."""
        return digest(self.kind, self.number)


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person's account as the credit centre sees it: that it is verified and how, not of whom."""

    account_id: int
    username: str
    display_name: str
    way: str
    verified_at: datetime
    verified_by: str
    is_in_use: bool
    is_active: bool
    is_on_file: bool
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """What an account is to the platform itself: whose digest it carries, whom the provider says it represents."""

    account_id: int
    digest: bytes = field(repr=False)
    subject_id: int | None
    represents: tuple[str, ...]
    represents_at: datetime | None


def digest(kind: str | None, number: str) -> bytes:
    """The blind index of a person: kind and number of the certificate."""
    return encryption.digest(f"{kind or CITIZEN}\x1f{number}", kind="person")


def identity(name: str, number: str, kind: str = CITIZEN, *, today: date) -> Identity:
    """Who a certificate says, its number as departments write it. Raises NotAPerson."""
    said = " ".join(name.split())
    plain = "".join(number.split()).upper()
    if kind == CITIZEN:
        judged = codes.judge(plain, expect=codes.Kind.CITIZEN_ID, today=today)
        plain = judged.normalised if judged.verdict is codes.Verdict.VALID else ""
    if not said or len(said) > 60 or kind not in KINDS or len(plain) < _SHORTEST:
        raise NotAPerson(
            "姓名或证件号码不对：请对照证件原件核对，身份证号码为 18 位。",
            "The name or the number is not right: compare with the certificate. A citizen's number has 18 characters.",
        )
    return Identity(said, plain, kind)


@transaction.atomic
def admit(who: Identity, *, by: Actor, at: datetime) -> tuple[PersonView, str]:
    """Makes an account at the counter for somebody whose papers were looked at. Returns it and the token of a one-time link, which is
    shown to nobody again. One entry. Raises HasAccount, NotAllowed, FactorNeeded."""
    require(by, Action.ADMIT_PERSONS)
    with scope.acting(system("persons")):
        if PersonAccount.objects.filter(digest=who.digest).exists():
            raise HasAccount(
                "此人已有账号。登录不了的，请安全管理员重置其验证因素。",
                "This person has an account. If they cannot sign in, a security administrator resets its factors.",
            )
        made = _make(who, way=PersonAccount.Way.COUNTER, verified_by=by.name, at=at)
    token = invitations.make(made.account.username, by=by, now=at)
    audit.enter(
        audit.Event.PERSON_ADMITTED, by=by, object_kind="account", object_ref=made.account.username, way=made.way,
        is_invited=True,
    )  # fmt: skip
    return _view(made), token


@transaction.atomic
def admit_demo(who: Identity, *, username: str, password: str, by: Actor, at: datetime) -> tuple[int, str]:
    """The owner's way, for demonstrations: an account of an invented person under a name one can remember, with a password; or the
    one there is, set anew. Returns its id, and what it is called. Raises NotAllowed."""
    require(by, Action.OPERATE)
    with scope.acting(system("persons")):
        shown = mask(who.name, Personal.NAME)
        account = people.open_account(username=username, display_name=shown, password=password, is_demo=True)
        Account.objects.filter(pk=account.pk).update(is_person=True)
        if not PersonAccount.objects.filter(account=account).exists():
            _verified(account, who, way=PersonAccount.Way.COUNTER, verified_by=by.name, at=at)
    audit.enter(
        audit.Event.PERSON_ADMITTED, by=by, object_kind="account", object_ref=username, way="counter", is_invited=False
    )
    return account.pk, shown


def username_of(account_id: int) -> str:
    """The user name of an account, for the platform's own work."""
    return Account.objects.get(pk=account_id).username


@transaction.atomic
def admit_outside(
    who: Identity, *, issuer: str, outside: str, represents: Sequence[str], by: Actor, at: datetime
) -> Account:
    """The account of somebody for whom the citizens' provider vouches: theirs, made when they come for the first time.
    ``represents``: codes of organisations whose legal representative they are, by the provider's word.

    Raises oidc.OutsideRefused when the provider now calls somebody else by this name.
    """
    with scope.acting(system("citizens")):
        linked = OutsideIdentity.objects.select_related("account").filter(digest=oidc.digest(issuer, outside)).first()
        found = PersonAccount.objects.select_related("account").filter(digest=who.digest).first()
        if linked is not None and (found is None or linked.account_id != found.account_id):
            raise oidc.refused("person")
        if found is None:
            found = _make(who, way=PersonAccount.Way.OIDC, verified_by=issuer[:200], at=at)
            audit.enter(
                audit.Event.PERSON_ADMITTED, by=by, object_kind="account", object_ref=found.account.username,
                way=found.way, is_invited=False,
            )  # fmt: skip
        if not found.account.is_active:
            raise oidc.refused("closed")
        if linked is None:
            OutsideIdentity.objects.create(
                account=found.account, digest=oidc.digest(issuer, outside), issuer=issuer[:200], linked_at=at,
                subject=encryption.seal(outside.encode(), context="oidc.subject"), linked_by="citizens",
            )  # fmt: skip
        PersonAccount.objects.filter(pk=found.pk).update(represents=list(represents), represents_at=at)
    return found.account


def actor(somebody: Actor, *, is_fresh: bool = True) -> Actor:
    """The person whom an account is, as they act; as it was given where it is nobody's. Asked before anybody acts, so with the
    platform's own eyes."""
    if somebody.account_id is None:
        return somebody
    held = of_account(somebody.account_id)
    if held is None:
        return somebody
    return replace(somebody, role=Role.PERSON, subject=held.subject_id, is_verified=True, is_fresh=is_fresh)


def of_account(account_id: int) -> Held | None:
    """What an account is, None where it is no person's or was given up. Callers have checked who asks."""
    with scope.acting(system("persons")):
        one = PersonAccount.objects.filter(
            account_id=account_id, erased_at__isnull=True, account__is_active=True
        ).first()
    if one is None or one.digest is None:
        return None
    return Held(one.account_id, bytes(one.digest), one.subject_id, tuple(one.represents), one.represents_at)


def name_of(account_id: int) -> str:
    """The name of the person whom an account is, for comparing; "" for nobody. Callers have checked who asks, and show it to
    nobody else."""
    with scope.acting(system("persons")):
        one = PersonAccount.objects.filter(account_id=account_id, erased_at__isnull=True).first()
    if one is None or one.sealed is None:
        return ""
    opened: list[str] = json.loads(encryption.unseal(bytes(one.sealed), context=_CONTEXT))
    return opened[0]


def born_on(account_id: int) -> date | None:
    """The birthday of the person whom an account is, read from the sealed number in memory; None where the certificate does not say it.
    Callers keep it nowhere and show it to nobody."""
    with scope.acting(system("persons")):
        one = PersonAccount.objects.filter(account_id=account_id, erased_at__isnull=True).first()
    if one is None or one.sealed is None:
        return None
    _, kind, number = json.loads(encryption.unseal(bytes(one.sealed), context=_CONTEXT))
    return ages.born(number) if kind == CITIZEN else None


def own(*, by: Actor) -> dict[str, str]:
    """Who one's own account is, whole, for the file of everything about oneself. Raises NotAllowed, FactorNeeded."""
    require(by, Action.TAKE_ABOUT_ME)
    with scope.acting(system("persons")):
        one = PersonAccount.objects.select_related("account").get(account_id=sessions.own_id(by))
    assert one.sealed is not None  # an account that was given up signs nobody in
    name, kind, number = json.loads(encryption.unseal(bytes(one.sealed), context=_CONTEXT))
    return {
        "name": name, "certificate_kind": kind, "certificate_number": number, "account": one.account.username,
        "verified_by": one.verified_by, "verified_at": one.verified_at.isoformat(timespec="seconds"),
    }  # fmt: skip


def settle(account_id: int, subject_id: int | None) -> None:
    """Notes which subject of the register an account is, for the room that has looked it up."""
    with scope.acting(system("persons")):
        PersonAccount.objects.filter(account_id=account_id, erased_at__isnull=True).exclude(
            subject_id=subject_id
        ).update(subject_id=subject_id)


def listing(*, after: int | None = None, limit: int = 30, seen_by: Actor) -> list[PersonView]:
    """Persons' accounts, the newest first; ``after`` the last id of the page before. One entry. Raises NotAllowed."""
    require(seen_by, Action.ADMIT_PERSONS)
    audit.enter(audit.Event.PERSONS_VIEWED, by=seen_by, object_kind="persons", object_ref="all")
    with scope.acting(system("persons")):
        found = PersonAccount.objects.select_related("account").order_by("-account_id")
        if after is not None:
            found = found.filter(account_id__lt=after)
        return [_view(one) for one in found[:limit]]


@transaction.atomic
def invite_again(account_id: int, *, by: Actor, at: datetime) -> tuple[PersonView, str]:
    """Another one-time link for an account that is not in use yet; the one before is void. Raises UnknownPerson, NotInvited."""
    require(by, Action.ADMIT_PERSONS)
    with scope.acting(system("persons")):
        found = PersonAccount.objects.select_related("account").filter(account_id=account_id).first()
    if found is None or found.erased_at is not None:
        raise UnknownPerson("没有这个个人账号，或它已注销。", "There is no such account, or it was given up.")
    if found.way != PersonAccount.Way.COUNTER:
        raise invitations.NotInvited(
            "此账号由本人经统一身份认证登录，不发链接。", "This account signs in at the identity provider: no link."
        )
    token = invitations.make(found.account.username, by=by, now=at)
    audit.enter(audit.Event.INVITED, by=by, object_kind="account", object_ref=found.account.username)
    return _view(found), token


@transaction.atomic
def give_up(*, by: Actor, at: datetime) -> int:
    """Erases who one's own account is: name, number, digest, outside identity, password, factors; its mandates end, its sessions
    too. Returns how many mandates that were. Whoever calls it erases what other rooms keep of the account, and writes the
    entry. Raises NotAllowed, FactorNeeded."""
    require(by, Action.ERASE_ME)
    account = Account.objects.select_for_update().get(pk=sessions.own_id(by))
    with scope.acting(system("persons")):
        PersonAccount.objects.filter(account=account, erased_at__isnull=True).update(
            digest=None, sealed=None, subject_id=None, represents=[], represents_at=None, erased_at=at
        )
        ended = Mandate.objects.filter(account=account, ended_at__isnull=True, valid_to__gt=at)
        count = ended.update(ended_at=at, ended_by=by.name, end_reason=_GONE)
    for model in (OutsideIdentity, OneTimeLink, UsedPassword):
        model.objects.filter(account=account).delete()
    factors.forget(account)
    account.display_name, account.is_active = _GONE, False
    account.set_unusable_password()
    account.save(update_fields=["display_name", "is_active", "password"])
    sessions.forget(account.pk)
    return count


def _make(who: Identity, *, way: str, verified_by: str, at: datetime) -> PersonAccount:
    """An account under a name that says nothing."""
    account = people.open_account(
        username=f"p-{secrets.token_hex(5)}", display_name=mask(who.name, Personal.NAME), password=None, is_demo=False
    )
    Account.objects.filter(pk=account.pk).update(is_person=True)
    account.is_person = True
    return _verified(account, who, way=way, verified_by=verified_by, at=at)


def _verified(account: Account, who: Identity, *, way: str, verified_by: str, at: datetime) -> PersonAccount:
    content = json.dumps([who.name, who.kind, who.number], ensure_ascii=False).encode()
    return PersonAccount.objects.create(
        account=account, digest=who.digest, sealed=encryption.seal(content, context=_CONTEXT), way=way, verified_at=at,
        verified_by=verified_by,
    )  # fmt: skip


def _view(one: PersonAccount) -> PersonView:
    return PersonView(
        account_id=one.account_id, username=one.account.username, display_name=one.account.display_name, way=one.way,
        verified_at=one.verified_at, verified_by=one.verified_by,
        is_in_use=one.account.last_login is not None, is_active=one.account.is_active,
        is_on_file=one.subject_id is not None, erased_at=one.erased_at,
    )  # fmt: skip
