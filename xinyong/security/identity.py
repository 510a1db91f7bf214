"""Departments, divisions and accounts: who exists for the platform."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound
from xinyong.security import audit, gate, grants, people
from xinyong.security.access import Action, Actor, Role, require
from xinyong.security.models import Account, Department, Region
from xinyong.security.people import AccountExists as AccountExists
from xinyong.security.people import UnknownAccount as UnknownAccount


class UnknownDepartment(NotFound):
    """No active department has this code."""

    code = "security.unknown-department"


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as listed; ``department`` is a code, empty outside source units."""

    username: str
    display_name: str
    role: str
    department: str
    is_active: bool
    is_demo: bool


@dataclass(frozen=True, slots=True)
class SourceUnit:
    """A department as other rooms see it. ``may_report_for`` holds codes, its own among them."""

    id: int
    code: str
    name: str
    short_name: str
    region_code: str
    may_report_for: frozenset[str]
    is_active: bool = True
    is_department: bool = True


#: Seconds for which a process remembers the names of departments and divisions: every page prints some, hundreds a second where
#: many read, and they change a few times a year.
_REMEMBERED = 5
#: The one that stands for what organisations declare of themselves. No unified social credit code has this form.
SUBJECTS_CODE, SUBJECTS_NAME = "SELF-DECLARED", "市场主体自主申报"


def subjects_unit() -> SourceUnit:
    """The source under which organisations' own declarations stand; made when it is first needed."""
    found, _ = Department.objects.get_or_create(
        kind=Department.Kind.SUBJECTS,
        defaults={"code": SUBJECTS_CODE, "name": SUBJECTS_NAME, "is_active": False},
    )
    return _unit(found)


def source_unit(code: str, *, even_closed: bool = False) -> SourceUnit:
    """The department with this unified social credit code: an active one, or with ``even_closed`` any, for what was
    reported before it closed. Raises UnknownDepartment."""
    found = Department.objects.filter(code=code).prefetch_related("reports_for").first()
    if found is None or not (found.is_active or even_closed):
        raise UnknownDepartment(
            f"没有代码为 {code} 的信源单位。请核对单位的统一社会信用代码，或请信用中心登记该单位。",
            f"No source unit has the code {code}. Check the code, or ask the credit centre to register the unit.",
        )
    return _unit(found)


def source_units(*, only_active: bool = False, with_subjects: bool = False) -> list[SourceUnit]:
    """Departments by code. The inactive ones too, whose records stay and want a name, unless ``only_active``: those that
    can still report. ``with_subjects``: and the source of what organisations declare of themselves, for names beside it."""
    found = Department.objects.order_by("code").prefetch_related("reports_for")
    found = found if with_subjects else found.filter(kind=Department.Kind.DEPARTMENT)
    return [_unit(one) for one in (found.filter(is_active=True) if only_active else found)]


def department_names() -> dict[int, str]:
    """id → name of all departments: what pages print beside records, without the rest."""
    return dict(Department.objects.values_list("id", "name"))


def department_name(department_id: int) -> str:
    """The name of one department as of a few seconds ago, also of one registered since; empty when there is none."""
    known = cache.get_or_set("security.departments", department_names, _REMEMBERED) or {}
    if department_id not in known:
        known = department_names()
        cache.set("security.departments", known, _REMEMBERED)
    return known.get(department_id, "")


def _unit(department: Department) -> SourceUnit:
    codes = {department.code, *(other.code for other in department.reports_for.all())}
    return SourceUnit(
        id=department.pk, code=department.code, name=department.name,
        short_name=department.short_name or department.name,
        region_code=department.region_code, may_report_for=frozenset(codes), is_active=department.is_active,
        is_department=department.kind == Department.Kind.DEPARTMENT,
    )  # fmt: skip


@transaction.atomic
def register_department(*, code: str, name: str, short_name: str = "", region_code: str = "", by: Actor) -> SourceUnit:
    """Registers a source unit, brings its names up to date, or opens one again that was closed. Same call twice: one
    department, and one entry."""
    require(by, Action.MANAGE_UNITS)
    wanted = {"name": name, "short_name": short_name, "region_code": region_code, "is_active": True}
    before = Department.objects.select_for_update().filter(code=code).values(*wanted).first()
    department, _ = Department.objects.update_or_create(code=code, defaults=wanted)
    if before != wanted:
        changed = "new" if before is None else ",".join(one for one in wanted if before[one] != wanted[one])
        audit.enter(
            audit.Event.DEPARTMENT_REGISTERED, by=by, object_kind="department", object_ref=code, changed=changed,
            region=region_code,
        )  # fmt: skip
    return _unit(department)


@transaction.atomic
def load_regions(rows: Iterable[dict[str, Any]], *, source: str, by: Actor) -> int:
    """Adds divisions (code, name, level, parent_code, valid_from, valid_to, successor_code); known ones stay. Returns
    how many were given."""
    require(by, Action.MANAGE_TABLES)
    regions = [Region(**row, source=source) for row in rows]
    Region.objects.bulk_create(regions, batch_size=5000, ignore_conflicts=True)
    audit.enter(audit.Event.TABLE_CHANGED, by=by, object_kind="regions", object_ref=source[:80], rows=len(regions))
    return len(regions)


def regions() -> dict[str, str]:
    """code → name of the divisions loaded into this node, current ones only, as of a few seconds ago."""
    return cache.get_or_set("security.regions", _regions, _REMEMBERED) or {}


def _regions() -> dict[str, str]:
    return dict(Region.objects.filter(valid_to__isnull=True).values_list("code", "name"))


def region_path(code: str) -> str:
    """Where a division lies within this node: county, township and village by name, as far as the code says and the
    node knows them. A county's code begins its townships', theirs their villages'."""
    names = regions()
    return "".join(names.get(step, "") for step in dict.fromkeys(code[:length] for length in (6, 9, 12)))


@transaction.atomic
def create_account(
    *,
    username: str,
    password: str | None,
    display_name: str,
    role: str,
    department: str | None,
    is_demo: bool = False,
    by: Actor,
) -> int:
    """The owner's way, at the command line: an account with its post and its first grant, or a demo or a disabled one set
    anew; returns its id. Without a password its person sets one by a one-time link. System administrators use people.admit,
    which gives nothing. Raises AccountExists, NotApart, NotGivable, UnknownUnit."""
    require(by, Action.OPERATE)
    now = clock.now()
    account = people.open_account(username=username, display_name=display_name, password=password, is_demo=is_demo)
    held = grants.active(account.pk, at=now)
    if not any((one.role.value, one.department) == (role, department) for one in held):
        people.end_post(account.pk, reason="set anew", by=by, at=now)
        people.begin_post(account.pk, department=department, by=by, at=now)
        grants.insert_as_owner(to=account.pk, role=Role(role), department=department, by=by, at=now)
    audit.enter(
        audit.Event.ACCOUNT_CREATED, by=by, object_kind="account", object_ref=username, role=role, unit=department or ""
    )
    return account.pk


def accounts(*, seen_by: Actor) -> list[AccountView]:
    """All accounts by name, the disabled ones too, each with its oldest right that holds. Raises NotAllowed."""
    require(seen_by, Action.OPERATE)
    first = {one.pk: next(iter(grants.active(one.pk, at=clock.now())), None) for one in Account.objects.all()}
    return [
        AccountView(
            username=one.username, display_name=one.display_name, role=held.role.value if held else "",
            department=(held.department or "") if held else "", is_active=one.is_active, is_demo=one.is_demo,
        )
        for one in Account.objects.order_by("username")
        for held in (first[one.pk],)
    ]  # fmt: skip


@transaction.atomic
def disable_account(username: str, *, by: Actor) -> None:
    """Closes an account: its post, its rights and its sessions end with its next request. What it did stays in the log.
    Same call twice: disabled once. Raises UnknownAccount, NotAllowed."""
    require(by, Action.OPERATE)
    account = Account.objects.select_for_update().filter(username=username).first()
    if account is None:
        raise UnknownAccount(
            f"没有账号“{username}”。请用 xinyong accounts list 查看。",
            f"There is no account “{username}”. See xinyong accounts list.",
        )
    people.close_account(account, reason="disabled", by=by, at=clock.now())


def act_as(request: HttpRequest, grant_id: int, *, by: Actor) -> None:
    """From the next request on this session acts under another grant of the same account. Raises UnknownGrant."""
    require(by, Action.OWN_ACCOUNT)
    held = grants.find(grant_id, at=clock.now())
    if held.account_id != by.account_id or not held.holds:
        raise grants.UnknownGrant("您没有这项授权，或它已经结束。", "You hold no such grant, or it has ended.")
    with transaction.atomic():
        audit.enter(
            audit.Event.GRANT_CHOSEN, by=by, object_kind="account", object_ref=by.name, grant=grant_id,
            role=held.role.value,
        )  # fmt: skip
        request.session[gate.ACTING_UNDER] = grant_id
        request.session.save()
