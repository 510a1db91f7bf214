"""Why somebody may do something, or may not (解释权限): the same policy the gate asks, clause by clause.

The verdict is ``access.may`` itself; the clauses are the parts it is made of, each with its reason, in the order in which they
are asked. A test plays every role on every action and object: the clauses all hold exactly where ``may`` says yes.
"""

from dataclasses import dataclass
from datetime import datetime

from xinyong.kernel import clock
from xinyong.security import approvals, audit, grants
from xinyong.security.access import (
    BOUNDED,
    NEEDS_FRESH_FACTOR,
    NEEDS_PURPOSE,
    NEEDS_TWO,
    POLICY,
    Action,
    Actor,
    Role,
    may,
    reaches,
    require,
)
from xinyong.security.grants import Held
from xinyong.security.models import Account


@dataclass(frozen=True, slots=True)
class Thing:
    """What is acted on: the code of the department that owns it, its division, its item, each where it has one."""

    department: str | None = None
    region: str | None = None
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: which, whether it holds, and why, in both languages. ``line``: policy, bound, region, items, grant."""

    line: str
    holds: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer for one right: ``grant`` is None when a role was asked about. ``conditions`` are asked at the act itself."""

    role: Role
    grant: Held | None
    verdict: bool
    clauses: tuple[Clause, ...]
    conditions: tuple[Clause, ...]


def account(username: str, action: Action, thing: Thing, *, seen_by: Actor, at: datetime) -> list[Explained]:
    """For an account: every grant it ever had, those that hold first. An account without any has an empty list. Leaves an
    entry in the log. Raises UnknownAccount, NotAllowed."""
    require(seen_by, Action.EXPLAIN_ACCESS)
    found = Account.objects.filter(username=username).first()
    audit.enter(
        audit.Event.ACCESS_EXPLAINED, by=seen_by, object_kind="account", object_ref=username if found else "-",
        action=action.value,
    )  # fmt: skip
    if found is None:
        from xinyong.security.people import unknown

        raise unknown()
    held = sorted(grants.of_account(found.pk, at=at), key=lambda one: (not one.holds, one.id))
    return [_of_grant(one, action, thing, at) for one in held]


def role(which: Role, action: Action, thing: Thing, *, seen_by: Actor) -> Explained:
    """For a role as such: somebody of no department, all divisions, all items."""
    require(seen_by, Action.EXPLAIN_ACCESS)
    audit.enter(
        audit.Event.ACCESS_EXPLAINED, by=seen_by, object_kind="role", object_ref=which.value, action=action.value
    )
    actor = Actor(role=which, name=which.value)
    clauses = _policy(actor, action, thing)
    return Explained(which, None, _may(actor, action, thing), clauses, _conditions(action))


def _of_grant(held: Held, action: Action, thing: Thing, at: datetime) -> Explained:
    actor = Actor(
        role=held.role, name=held.username, department=held.department, region=held.region, items=held.items or None,
        grant_id=held.id,
    )  # fmt: skip
    clauses = (*_standing(held, at), *_policy(actor, action, thing))
    verdict = held.holds and _may(actor, action, thing)
    return Explained(held.role, held, verdict, clauses, _conditions(action))


def _may(actor: Actor, action: Action, thing: Thing) -> bool:
    return may(actor, action, department=thing.department, region=thing.region, item=thing.item)


def _standing(held: Held, at: datetime) -> tuple[Clause, ...]:
    """Whether the grant is a right now, and if not, what ended it."""
    given = _minute(held.given_at)
    by_zh = f"由 {held.delegated_by} 委托" if held.is_delegated else f"由 {held.given_by} 授予"
    by_en = f"delegated by {held.delegated_by}" if held.is_delegated else f"given by {held.given_by}"
    why = f"：{held.reason}" if held.reason else ""
    clauses = [
        Clause("account", held.account_is_active, "账号在用" if held.account_is_active else "账号已停用",
               "The account is open" if held.account_is_active else "The account is closed"),
    ]  # fmt: skip
    said = (f"授权 {held.id} 有效，{given} {by_zh}{why}", f"Grant {held.id} holds, {by_en} on {given}")
    if not held.holds and held.account_is_active:
        said = _why_not(held, at)
    return (*clauses, Clause("grant", held.holds or not held.account_is_active, *said))


def _why_not(held: Held, at: datetime) -> tuple[str, str]:
    if held.ended_at is not None and held.ended_at <= at:
        when = _minute(held.ended_at)
        return (
            f"授权 {held.id} 已于 {when} 由 {held.ended_by} 终止（{held.end_reason or '未写原因'}）",
            f"Grant {held.id} was ended by {held.ended_by} on {when} ({held.end_reason or 'no reason given'})",
        )
    if held.valid_to is not None and held.valid_to <= at:
        return (
            f"授权 {held.id} 已于 {_minute(held.valid_to)} 到期",
            f"Grant {held.id} ran out on {_minute(held.valid_to)}",
        )
    if held.valid_from > at:
        return (
            f"授权 {held.id} 从 {_minute(held.valid_from)} 起才有效",
            f"Grant {held.id} begins {_minute(held.valid_from)}",
        )
    if held.post_ended_at is not None and held.post_ended_at <= at:
        return f"授权 {held.id} 所依附的任职已经结束", f"The post that grant {held.id} hangs on has ended"
    if held.is_delegated:
        return (
            f"授权 {held.id} 是委托来的，委托人的权限已不再有效",
            f"Grant {held.id} is a delegation whose source no longer holds",
        )
    return f"授权 {held.id} 所在单位已撤销", f"The department of grant {held.id} is closed"


def _policy(actor: Actor, action: Action, thing: Thing) -> tuple[Clause, ...]:
    """The clauses of ``access.may``, one by one."""
    allowed = POLICY[action]
    names = "、".join(sorted(one.value for one in allowed)) or "—"
    clauses = [
        Clause(
            "policy", actor.role in allowed, f"策略 {action.value}：允许 {names}；此处角色是 {actor.role.value}",
            f"Policy {action.value}: allows {names}; the role here is {actor.role.value}",
        )
    ]  # fmt: skip
    if thing.department is not None and action in BOUNDED.get(actor.role, frozenset()):
        own = actor.department == thing.department
        clauses.append(
            Clause(
                "bound", own, f"该角色只及本单位（{actor.department or '—'}）；对象属于 {thing.department}",
                f"This role reaches its own department ({actor.department or '—'}); the object is of {thing.department}",
            )
        )  # fmt: skip
    if thing.region is not None:
        inside = reaches(actor.region, thing.region)
        clauses.append(
            Clause(
                "region", inside, f"授权区划 {actor.region or '全部'}；对象在 {thing.region or '—'}",
                f"Division of the grant: {actor.region or 'all'}; of the object: {thing.region or '—'}",
            )
        )  # fmt: skip
    if thing.item is not None:
        fits = actor.items is None or thing.item in actor.items
        items = "、".join(sorted(actor.items)) if actor.items is not None else ""
        clauses.append(
            Clause(
                "items", fits, f"授权事项 {items or '全部'}；对象属于 {thing.item}",
                f"Items of the grant: {items or 'all'}; of the object: {thing.item}",
            )
        )  # fmt: skip
    return tuple(clauses)


def _conditions(action: Action) -> tuple[Clause, ...]:
    """What is asked at the act itself, on top."""
    found = []
    if action in NEEDS_FRESH_FACTOR:
        found.append(
            Clause("factor", True, "须在最近 5 分钟内验证过第二因素", "A second factor shown within five minutes")
        )
    if action in NEEDS_PURPOSE:
        found.append(Clause("purpose", True, "须写明用途，用途记入日志", "A purpose, which stands in the log"))
    if action in NEEDS_TWO:
        kind = next((kind for kind, asks in approvals.ASKS.items() if asks is action), None)
        who = approvals.DECIDES[kind].value if kind else "—"
        found.append(Clause("two", True, f"须由另一人（{who}）复核同意", f"The consent of a second person ({who})"))
    return tuple(found)


def _minute(when: datetime) -> str:
    return f"{when.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"
