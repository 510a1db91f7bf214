"""Grants (授权): a right given to somebody on a post, within a scope, for a time. It is never edited; it ends.

What counts is decided at every request by one predicate, ``grant_holds`` in the database (migration 0004): the grant's own
time, its post's, the account, the department, and for a delegation all of that of its source. No job ends anything. The
bounds are checked here, with a sentence for the person, and again by triggers, for whoever comes round this module:
nobody gives to themselves, nobody gives what lies outside their own scope, and nobody holds roles of two groups of
``access.APART`` (between two administrators, and before somebody audits, a year must lie).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from xinyong.kernel import sql
from xinyong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from xinyong.security import approvals, audit
from xinyong.security.access import APART, Action, Actor, Role, reaches, require
from xinyong.security.models import Account, Grant, Post

_SQL = sql.load(__file__, "grants.sql")

#: Who may give which roles; a role that does not stand here gives none. Administrators only with a second person.
GIVES: dict[Role, tuple[Role, ...]] = {
    Role.UNIT_ADMIN: (Role.SOURCE_UNIT, Role.READER),
    Role.SECURITY_ADMIN: (
        Role.SOURCE_UNIT, Role.UNIT_ADMIN, Role.READER, Role.OPERATOR,
        Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR,
    ),
}  # fmt: skip
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})
#: Roles that exist for a department only.
OF_A_DEPARTMENT = frozenset({Role.SOURCE_UNIT, Role.UNIT_ADMIN})
LONGEST_DELEGATION = timedelta(days=90)


class UnknownGrant(NotFound):
    """No such grant, or not for this actor to see."""

    code = "security.unknown-grant"


class NoGrant(Forbidden):
    """Signed in, but no right holds now: never given, ended, or its time is over."""

    code = "security.no-grant"


class OutsideScope(Forbidden):
    """Nobody gives what lies outside their own scope, nor anything to themselves."""

    code = "security.grant-outside-scope"


class NotApart(Conflict):
    """Roles of different groups of the three administrators are held by different people."""

    code = "security.grants-apart"


class NotGivable(Invalid):
    """The grant cannot stand as it was asked for: no post, another department, no time."""

    code = "security.grant-not-givable"


@dataclass(frozen=True, slots=True)
class Held:
    """A grant with everything a request or a page needs. ``department`` and ``post_department`` are codes; ``holds``: it is
    a right at the instant asked about."""

    id: int
    account_id: int
    username: str
    role: Role
    department: str | None
    department_name: str
    region: str
    items: frozenset[str]
    valid_from: datetime
    valid_to: datetime | None
    reason: str
    given_at: datetime
    given_by: str
    delegated_from: int | None
    delegated_by: str
    ended_at: datetime | None
    ended_by: str
    end_reason: str
    post_id: int
    post_department: str | None
    post_ended_at: datetime | None
    account_is_active: bool
    holds: bool

    @property
    def is_delegated(self) -> bool:
        """True when a colleague passed it on for a time."""
        return self.delegated_from is not None


def active(account_id: int, *, at: datetime) -> list[Held]:
    """The grants of an account that hold at an instant, oldest first."""
    return [one for one in _rows("of_account", account=account_id, at=at) if one.holds]


def of_account(account_id: int, *, at: datetime) -> list[Held]:
    """Every grant an account ever had, newest first. Callers have checked who asks."""
    return sorted(_rows("of_account", account=account_id, at=at), key=lambda one: one.id, reverse=True)


def passed_on(account_id: int, *, at: datetime) -> list[Held]:
    """What an account has delegated to others, newest first. Callers have checked who asks."""
    return _rows("passed_on", account=account_id, at=at)


def find(grant_id: int, *, at: datetime) -> Held:
    """One grant. Callers have checked who asks. Raises UnknownGrant."""
    found = _rows("one", grant=grant_id, at=at)
    if not found:
        raise UnknownGrant(
            f"没有编号为 {grant_id} 的授权，或者它不归您查看。",
            f"There is no grant {grant_id}, or it is not yours to see.",
        )
    return found[0]


def actor(
    account_id: int, *, name: str, at: datetime, chosen: int | None = None, address: str | None = None,
    is_verified: bool = True, is_fresh: bool = True,
) -> Actor:  # fmt: skip
    """Who an account is at an instant: under the grant ``chosen`` where that one holds, else under its oldest. Without a
    grant that holds they are the public, with their name: the gate says NoGrant. One query."""
    held = active(account_id, at=at)
    if not held:
        return Actor(role=Role.PUBLIC, name=name, account_id=account_id, address=address)
    one = next((each for each in held if each.id == chosen), held[0])
    return Actor(
        role=one.role, name=name, account_id=account_id, department=one.department, address=address, region=one.region,
        items=one.items or None, grant_id=one.id, is_verified=is_verified, is_fresh=is_fresh,
    )  # fmt: skip


def outside(
    under: Held, *, role: Role, department: str | None, region: str, items: Collection[str], to: int
) -> tuple[str, str] | None:
    """Why somebody acting under a grant may not give this; None when they may. The database holds the same."""
    if to == under.account_id:
        return "不能给自己授权。请由另一位管理员办理。", "Nobody gives rights to themselves. Ask another administrator."
    if role not in GIVES.get(under.role, ()):
        return (
            "您的角色不能授予这一角色。单位管理员只能授予本单位的报送员和查询员。",
            "Your role may not give this one. A unit administrator gives reporting and reading rights of the own unit.",
        )
    if under.department is not None and department != under.department:
        return "只能在本单位范围内授权。", "You may give rights of your own unit only."
    if not reaches(under.region, region) or (under.items and (not items or not set(items) <= under.items)):
        return (
            "授权范围不能超出您自己的区划和事项范围。",
            "The divisions and catalogue items given must lie inside your own.",
        )
    return None


def _inside(held: Held, by: Actor) -> Held:
    """The grant the actor acts under, as the database knows it. Raises OutsideScope."""
    if not held.holds or held.account_id != by.account_id or held.role is not by.role:
        raise OutsideScope(
            "您办理此事的授权已经结束。请重新登录。", "The right you act under has ended. Sign in again."
        )
    return held


@transaction.atomic
def give(
    *, to: int, role: Role, department: str | None = None, region: str = "", items: Collection[str] = (),
    valid_from: datetime | None = None, valid_to: datetime | None = None, reason: str, by: Actor, at: datetime,
) -> Held:  # fmt: skip
    """Gives an account a role within a scope, from ``valid_from`` (now when None) to ``valid_to`` (no end when None).

    A role of the three administrators uses up a second person's approval of exactly this (``administrator_payload``).
    Raises OutsideScope, NotApart, NotGivable, approvals.ConsentNeeded, NotAllowed, FactorNeeded.
    """
    require(by, Action.GRANT, department=department if by.role is Role.UNIT_ADMIN else None)
    scope = {"role": role, "department": department, "region": region, "items": sorted(items)}
    under = None
    if by.role is not Role.SYSTEM:
        under = _inside(find(by.grant_id or 0, at=at), by)
        said = outside(under, role=role, department=department, region=region, items=items, to=to)
        if said is not None:
            raise OutsideScope(*said)
    if role in ADMINISTRATORS and by.role is not Role.SYSTEM and not _is_in_use(to):
        raise NotGivable(
            "此人还没有用一次性链接启用账号。请等本人设置密码后再授予管理员角色。",
            "The account has not been taken into use by its person yet; an administrator's role comes after that.",
        )
    grant = Grant(
        account_id=to, reason=reason, granted_by_id=by.account_id, granted_under_id=under.id if under else None,
        valid_from=max(valid_from or at, at), valid_to=valid_to, given_at=at, given_by=by.name,
    )  # fmt: skip
    if under is not None and role in ADMINISTRATORS:
        payload = administrator_payload(to=to, valid_to=valid_to, **scope)  # type: ignore[arg-type]
        grant.approval_id = approvals.use(approvals.Kind.GRANT_ADMINISTRATOR, payload, by=by, at=at).id
    made = _insert(grant, **scope)  # type: ignore[arg-type]
    audit.enter(
        audit.Event.GRANT_GIVEN, by=by, object_kind="account", object_ref=made.username, grant=made.id, role=role.value,
        department=department, region=region, items=len(made.items), until=valid_to.isoformat() if valid_to else None,
    )  # fmt: skip
    return made


def administrator_payload(
    *, to: int, role: Role, department: str | None, region: str, items: Collection[str], valid_to: datetime | None
) -> dict[str, object]:
    """What a second person approves when an administrator is made: everything that will stand in the grant."""
    return {
        "account": str(to), "role": role.value, "department": department, "region": region, "items": sorted(items),
        "until": valid_to and valid_to.isoformat(),
    }  # fmt: skip


@transaction.atomic
def delegate(
    grant_id: int, *, to: int, valid_to: datetime, region: str = "", items: Collection[str] = (), reason: str, by: Actor,
    at: datetime,
) -> Held:  # fmt: skip
    """Passes on what somebody holds, or a part of it, to a colleague of the same department for at most 90 days; it ends
    with its source and cannot be passed on further. Raises OutsideScope, NotApart, NotGivable, NotAllowed."""
    require(by, Action.DELEGATE)
    source = find(grant_id, at=at)
    if source.account_id != by.account_id or not source.holds:
        raise OutsideScope("只能委托您自己现有的权限。", "You can delegate only what you hold yourself, now.")
    if source.is_delegated or source.role in ADMINISTRATORS:
        raise OutsideScope(
            "受托的权限不能再委托；系统、安全、审计管理员的权限不能委托。",
            "What was delegated to you cannot be delegated further, nor can the right of an administrator.",
        )
    if to == by.account_id:
        raise OutsideScope("不能委托给自己。", "You cannot delegate to yourself.")
    if not at < valid_to <= at + LONGEST_DELEGATION:
        raise NotGivable("委托须写明结束时间，最长 90 天。", "A delegation needs its end, at most 90 days away.")
    region, items = region or source.region, items or source.items
    if not reaches(source.region, region) or (source.items and not set(items) <= source.items):
        raise OutsideScope("委托的范围不能超出您自己的范围。", "What you delegate must lie inside your own scope.")
    grant = Grant(
        account_id=to, reason=reason, granted_by_id=by.account_id, granted_under_id=source.id, delegated_from_id=source.id,
        valid_from=at, valid_to=valid_to, given_at=at, given_by=by.name,
    )  # fmt: skip
    made = _insert(grant, role=source.role, department=source.department, region=region, items=items)
    audit.enter(
        audit.Event.GRANT_DELEGATED, by=by, object_kind="account", object_ref=made.username, grant=made.id,
        source=source.id, role=source.role.value, department=made.department, region=region, items=len(made.items),
        until=valid_to.isoformat(),
    )  # fmt: skip
    return made


@transaction.atomic
def end(grant_id: int, *, reason: str, by: Actor, at: datetime) -> Held:
    """Ends a grant now, and what was delegated from it. Security administrators end any, unit administrators the work of
    their unit, everybody what they hold or have delegated. Ended twice: ended once. Raises UnknownGrant, NotAllowed."""
    held = find(grant_id, at=at)
    is_own = by.account_id is not None and by.account_id in {held.account_id, _delegator(held, at)}
    if is_own:
        require(by, Action.OWN_ACCOUNT)
    else:
        require(by, Action.GRANT, department=held.department or "" if by.role is Role.UNIT_ADMIN else None)
        if by.role is not Role.SYSTEM and held.role not in GIVES.get(by.role, ()):
            raise UnknownGrant(
                f"没有编号为 {grant_id} 的授权，或者它不归您办理。", f"There is no grant {grant_id} of yours to end."
            )
    changed = Grant.objects.filter(pk=grant_id, ended_at__isnull=True).update(
        ended_at=at, ended_by=by.name, end_reason=reason
    )
    if changed:
        audit.enter(
            audit.Event.GRANT_ENDED, by=by, object_kind="account", object_ref=held.username, grant=grant_id,
            role=held.role.value,
        )  # fmt: skip
    return find(grant_id, at=at)


def insert_as_owner(*, to: int, role: Role, department: str | None, by: Actor, at: datetime) -> Held:
    """A grant made with its account at the owner's command line, which enters both as one act (identity.create_account)."""
    require(by, Action.OPERATE)
    grant = Grant(account_id=to, valid_from=at, given_at=at, given_by=by.name)
    return _insert(grant, role=role, department=department, region="", items=())


def group(role: Role) -> int:
    """Which group of ``access.APART`` a role stands in, from 1."""
    return next(number for number, roles in enumerate(APART, start=1) if role in roles)


def _is_in_use(account_id: int) -> bool:
    """True once its person has set a password: before that, whoever made the account could still be the one to do it."""
    return Account.objects.filter(pk=account_id, password_set_at__isnull=False).exists()


def _delegator(held: Held, at: datetime) -> int | None:
    return find(held.delegated_from, at=at).account_id if held.delegated_from else None


def _insert(grant: Grant, *, role: Role, department: str | None, region: str, items: Collection[str]) -> Held:
    """Saves a new grant on the account's current post; what a trigger refuses is said as our own errors."""
    post = (
        Post.objects.select_related("department")
        .filter(account_id=grant.account_id, valid_from__lte=grant.valid_from)
        .exclude(valid_to__lte=grant.valid_from)
        .first()
    )
    own = post.department if post else None
    if post is None or (department is not None and (own is None or own.code != department)):
        raise NotGivable(
            "授权挂在任职上：此人目前没有任职，或任职不在这个单位。请先由系统管理员办理任职或调动。",
            "Rights hang on a post: this person has none now, or not in this department. A system administrator moves people.",
        )
    if role in OF_A_DEPARTMENT and department is None:
        raise NotGivable(
            "信源单位的角色须写明单位，且此人任职在该单位。",
            "This role is for a department: say which, and it must be theirs.",
        )
    if grant.valid_to is not None and grant.valid_to <= grant.valid_from:
        raise NotGivable("结束时间须晚于开始时间。", "The end must come after the beginning.")
    grant.post, grant.role, grant.region, grant.items = post, role.value, region, sorted(items)
    grant.department = own if department else None
    try:
        with transaction.atomic():
            grant.save(force_insert=True)
    except IntegrityError as error:
        raise _said(error) from error
    return find(grant.pk, at=grant.given_at)


def _said(error: IntegrityError) -> Exception:
    """A violated constraint as one of our errors; a constraint nobody gave words to stays what it is."""
    rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    if rule == "grants_apart":
        return NotApart(
            "系统、安全、审计管理员与业务人员须分设：此人持有或一年内持有过另一类角色，不能再授予这一角色。",
            "System, security and audit administrators and those who work with data are different people: this account "
            "holds, or held within a year, a role of another group.",
        )
    if rule in {"grant_on_own_post", "grant_in_department", "grant_has_department", "grant_begins", "grant_has_time"}:
        return NotGivable("授权与任职不符，或时间不对。", "The grant does not fit the post or its time.")
    if rule.startswith(("grant_", "delegation_")):
        return OutsideScope("授权超出了您自己的权限范围。", "The grant lies outside your own scope.")
    return error


def _rows(name: str, *, account: int = 0, grant: int = 0, at: datetime) -> list[Held]:
    with connection.cursor() as cursor:
        # nosemgrep: sql-from-pieces  two statements of the room's file
        cursor.execute(f"{_SQL['held']}\n{_SQL[name]}", {"account": account, "grant": grant, "at": at})
        names = [column.name for column in cursor.description]
        found = [Held(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    return [replace(one, role=Role(one.role), items=frozenset(one.items)) for one in found]
