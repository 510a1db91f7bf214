"""People, where they serve and what they may do: departments, their offices (科室), posts (任职).

An account has one post at a time. Rights hang on the post: who moves or leaves has lost all of them with the same statement
(a trigger), and whoever is still signed in acts without them at the next request. Accounts and units are a system
administrator's; what somebody may do is given by others (security/grants.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import audit, factors, grants, sessions
from xinyong.security.access import Action, Actor, Role, may, require
from xinyong.security.grants import Held
from xinyong.security.models import Account, Department, Office, Post

_SQL = sql.load(__file__, "people.sql")
#: Levels of divisions as people say them.
LEVELS = {1: ("省", "province"), 2: ("市", "city"), 3: ("县", "county"), 4: ("乡", "township"), 5: ("村", "village")}


class AccountExists(Conflict):
    """An account of this name is in use."""

    code = "security.account-exists"


class UnknownAccount(NotFound):
    """No account has this name."""

    code = "security.unknown-account"


class UnknownUnit(NotFound):
    """No open department has this code, or the department has no such office."""

    code = "security.unknown-unit"


class NotAName(Invalid):
    """A user name of letters, digits, dots and dashes is wanted, and a person's name."""

    code = "security.not-a-name"


@dataclass(frozen=True, slots=True)
class PersonLine:
    """An account in a list; ``roles`` are those that hold now, ``department`` is a code, empty for the platform's staff."""

    id: int
    username: str
    display_name: str
    is_active: bool
    department: str
    department_name: str
    office: str
    title: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class PostView:
    """One post, past or present."""

    department: str
    department_name: str
    office: str
    title: str
    valid_from: datetime
    valid_to: datetime | None
    entered_by: str
    ended_by: str
    end_reason: str


@dataclass(frozen=True, slots=True)
class Person:
    """An account with all its posts and grants, newest first."""

    line: PersonLine
    posts: tuple[PostView, ...]
    grants: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A department with its division, its open offices (id, name) and how many serve there now."""

    id: int
    code: str
    name: str
    short_name: str
    region_code: str
    region_name: str
    level: int | None
    is_active: bool
    offices: tuple[tuple[int, str], ...]
    people: int


def people(
    *, seen_by: Actor, at: datetime, text: str = "", department: str = "", after: str = "", limit: int = 50
) -> list[PersonLine]:
    """Accounts by user name, page by page (``after`` is the last user name of the page before); a unit administrator's are
    those who serve in their unit. Leaves an entry in the log."""
    department = _own_unit(seen_by) or department
    wanted = (
        "%" + text.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%" if text.strip() else ""
    )
    lines = _lines(department=department, text=wanted, after=after, limit=limit, at=at)
    audit.enter(
        audit.Event.PEOPLE_VIEWED, by=seen_by, object_kind="people", object_ref=department or "all", shown=len(lines)
    )
    return lines


def person(account_id: int, *, seen_by: Actor, at: datetime) -> Person:
    """One account with its posts and grants; one's own always. Leaves an entry in the log unless it is one's own. Raises
    UnknownAccount, also for somebody of another unit than a unit administrator's."""
    found = _lines(account=account_id, at=at)
    if seen_by.account_id != account_id:
        unit = _own_unit(seen_by)
        if not found or (unit and found[0].department != unit):
            raise unknown()
        audit.enter(audit.Event.PEOPLE_VIEWED, by=seen_by, object_kind="account", object_ref=found[0].username)
    posts = Post.objects.filter(account_id=account_id).select_related("department", "office").order_by("-id")
    return Person(
        line=found[0],
        posts=tuple(
            PostView(
                department=one.department.code if one.department else "", office=one.office.name if one.office else "",
                department_name=one.department.name if one.department else "", title=one.title,
                valid_from=one.valid_from, valid_to=one.valid_to, entered_by=one.entered_by, ended_by=one.ended_by,
                end_reason=one.end_reason,
            )
            for one in posts
        ),
        grants=tuple(grants.of_account(account_id, at=at)),
    )  # fmt: skip


def name_of(account_id: int, *, seen_by: Actor) -> str:
    """What to call somebody on a form about them. Raises UnknownAccount, NotAllowed."""
    require(seen_by, Action.MANAGE_ACCOUNTS)
    return _account(account_id).display_name


def display_names(usernames: Collection[str]) -> dict[str, str]:
    """Username → display name, for the platform's own comparisons."""
    return dict(Account.objects.filter(username__in=usernames).values_list("username", "display_name"))


def colleagues(*, by: Actor, at: datetime) -> list[PersonLine]:
    """Who serves in the actor's own department now, the actor apart: to whom something can be delegated."""
    require(by, Action.OWN_ACCOUNT)
    own = _lines(account=by.account_id or 0, at=at)
    if not own:
        return []
    return [
        one
        for one in _lines(department=own[0].department or "-", at=at, limit=500)
        if one.id != by.account_id and one.is_active
    ]


@transaction.atomic
def admit(
    *, username: str, display_name: str, password: str | None = None, department: str | None, office: int | None = None,
    title: str = "", by: Actor, at: datetime,
) -> int:  # fmt: skip
    """Makes an account with its post and no rights, or takes somebody back who had left; returns its id. Without a password
    its person sets one by a one-time link (security/invitations.py). Raises AccountExists, UnknownUnit, NotAName, NotAllowed."""
    require(by, Action.MANAGE_ACCOUNTS)
    account = open_account(username=username, display_name=display_name, password=password, is_demo=False)
    begin_post(account.pk, department=department, office=office, title=title, by=by, at=at)
    audit.enter(
        audit.Event.ACCOUNT_CREATED, by=by, object_kind="account", object_ref=account.username, unit=department or ""
    )
    return account.pk


@transaction.atomic
def move(
    account_id: int, *, department: str | None, office: int | None = None, title: str = "", reason: str = "", by: Actor,
    at: datetime,
) -> int:  # fmt: skip
    """Ends the current post, all rights with it, and begins another; returns how many grants ended. Raises UnknownAccount,
    UnknownUnit, NotAllowed."""
    require(by, Action.MANAGE_ACCOUNTS)
    account = _account(account_id)
    if not account.is_active:
        raise unknown()
    held = len(grants.active(account_id, at=at))
    end_post(account_id, reason=reason or "moved", by=by, at=at)
    begin_post(account_id, department=department, office=office, title=title, by=by, at=at)
    audit.enter(
        audit.Event.ACCOUNT_MOVED, by=by, object_kind="account", object_ref=account.username, unit=department or "",
        grants_ended=held,
    )  # fmt: skip
    return held


@transaction.atomic
def leave(account_id: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Closes the account of somebody who leaves: post, rights and sessions end. Same call twice: once. Raises
    UnknownAccount, NotAllowed."""
    require(by, Action.MANAGE_ACCOUNTS)
    close_account(_account(account_id), reason=reason or "left", by=by, at=at)


def close_account(account: Account, *, reason: str, by: Actor, at: datetime) -> None:
    """What leaving and disabling do, for callers who have checked their right."""
    end_post(account.pk, reason=reason, by=by, at=at)
    sessions.forget(account.pk)
    if Account.objects.filter(pk=account.pk, is_active=True).update(is_active=False):
        audit.enter(
            audit.Event.ACCOUNT_DISABLED, by=by, object_kind="account", object_ref=account.username, reason=reason
        )


def open_account(*, username: str, display_name: str, password: str | None, is_demo: bool) -> Account:
    """A new account, or a demo or a closed one anew, without the factors it had; for callers who have checked their right and
    write the entry. Without a password its person sets one by a one-time link (security/invitations.py)."""
    account = Account.objects.select_for_update().filter(username=username).first()
    account = account or Account(username=username, is_active=False)
    if account.is_active and not account.is_demo:
        raise AccountExists(
            f"账号“{username}”正在使用。如要重设，请先停用（xinyong accounts disable {username}），再重新建立。",
            f"The account “{username}” is in use. To set it anew, disable it first (xinyong accounts disable {username}).",
        )
    account.display_name, account.is_demo, account.is_active = display_name, is_demo, True
    account.set_password(password)
    account.password_set_at = clock.now() if password else None
    account.created_at = clock.now()
    try:
        account.full_clean(exclude=["password", "password_set_at"])
    except ValidationError as error:
        raise NotAName(
            "用户名和姓名都要填写，最长 60 个字。", "A user name and a name are needed, of 60 characters."
        ) from error
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise AccountExists(f"账号“{username}”正在使用。", f"The account “{username}” is in use.") from error
    factors.forget(account)
    sessions.forget(account.pk)
    return account


def begin_post(
    account_id: int, *, department: str | None, office: int | None = None, title: str = "", by: Actor, at: datetime
) -> Post:
    """Begins a post; for callers who have checked their right and write the entry. Raises UnknownUnit."""
    unit = Department.objects.filter(code=department, is_active=True).first() if department else None
    room = Office.objects.filter(pk=office, department=unit, is_active=True).first() if office else None
    if (department and unit is None) or (office and room is None):
        raise UnknownUnit(
            "没有这个单位或科室，或它已经撤销。", "There is no such department or office, or it is closed."
        )
    return Post.objects.create(
        account_id=account_id, department=unit, office=room, title=title, valid_from=at, entered_by=by.name
    )


def end_post(account_id: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Ends whatever post an account has; its grants end with it by a trigger."""
    Post.objects.filter(account_id=account_id).exclude(valid_to__lte=at).update(
        valid_to=at, ended_by=by.name, end_reason=reason
    )


def units(*, seen_by: Actor, at: datetime) -> list[Unit]:
    """Departments by division and name, the closed ones last; a unit administrator's is their own."""
    own = _own_unit(seen_by)
    with connection.cursor() as cursor:
        cursor.execute(_SQL["units"], {"at": at, "own": own})
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    offices: dict[int, list[tuple[int, str]]] = {}
    for one in Office.objects.filter(is_active=True).order_by("id"):
        offices.setdefault(one.department_id, []).append((one.pk, one.name))
    return [Unit(**row, offices=tuple(offices.get(row["id"], ()))) for row in found]


@transaction.atomic
def found_office(department: str, name: str, *, by: Actor) -> int:
    """Adds an office to a department, or opens a closed one again; returns its id. Raises UnknownUnit, NotAllowed."""
    require(by, Action.MANAGE_UNITS)
    unit = _unit(department)
    name = name.strip()
    if not 0 < len(name) <= 60:
        raise NotAName("请填写科室名称，最长 60 个字。", "The office needs a name of at most 60 characters.")
    office, is_new = Office.objects.get_or_create(department=unit, name=name)
    if is_new or not office.is_active:
        Office.objects.filter(pk=office.pk).update(is_active=True)
        audit.enter(audit.Event.OFFICE_FOUNDED, by=by, object_kind="office", object_ref=str(office.pk), unit=unit.code)
    return office.pk


@transaction.atomic
def close_office(office_id: int, *, by: Actor) -> None:
    """Closes an office; who serves there stays in the department. Same call twice: once. Raises NotAllowed."""
    require(by, Action.MANAGE_UNITS)
    office = Office.objects.select_for_update(of=("self",)).select_related("department").filter(pk=office_id).first()
    if office is not None and office.is_active:
        Office.objects.filter(pk=office_id).update(is_active=False)
        audit.enter(
            audit.Event.OFFICE_CLOSED, by=by, object_kind="office", object_ref=str(office_id),
            unit=office.department.code,
        )  # fmt: skip


@transaction.atomic
def close_department(code: str, *, reason: str = "", by: Actor, at: datetime) -> int:
    """Closes a department: every post in it ends, and all rights with them; what it reported stays. Returns how many posts
    ended. Raises UnknownUnit, NotAllowed."""
    require(by, Action.MANAGE_UNITS)
    unit = _unit(code)
    ended = (
        Post.objects.filter(department=unit)
        .exclude(valid_to__lte=at)
        .update(valid_to=at, ended_by=by.name, end_reason=reason or "department closed")
    )
    Department.objects.filter(pk=unit.pk).update(is_active=False)
    audit.enter(audit.Event.DEPARTMENT_CLOSED, by=by, object_kind="department", object_ref=code, posts_ended=ended)
    return ended


def unknown() -> UnknownAccount:
    """No such account, or not for this actor."""
    return UnknownAccount("没有这个账号，或者它不归您查看。", "There is no such account, or it is not yours to see.")


def _own_unit(actor: Actor) -> str:
    """The unit whose people alone the actor sees; "" when all."""
    require(actor, Action.VIEW_PEOPLE)
    return "" if may(actor, Action.VIEW_PEOPLE, department="") else actor.department or "-"


def _account(account_id: int) -> Account:
    found = Account.objects.filter(pk=account_id).first()
    if found is None:
        raise unknown()
    return found


def _unit(code: str) -> Department:
    found = Department.objects.select_for_update().filter(code=code, is_active=True).first()
    if found is None:
        raise UnknownUnit("没有这个单位，或它已经撤销。", "There is no such department, or it is closed.")
    return found


def _lines(
    *, at: datetime, account: int = 0, department: str = "", text: str = "", after: str = "", limit: int = 1
) -> list[PersonLine]:
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["people"],
            {"at": at, "account": account, "department": department, "text": text, "after": after, "limit": limit},
        )
        rows: Sequence[tuple[object, ...]] = cursor.fetchall()
    return [_line(*row) for row in rows]  # type: ignore[arg-type]


def _line(
    id: int, username: str, display_name: str, is_active: bool, department: str, department_name: str, office: str,
    title: str, roles: Sequence[str],
) -> PersonLine:  # fmt: skip
    held = tuple(Role(one) for one in roles)
    return PersonLine(id, username, display_name, is_active, department, department_name, office, title, held)
