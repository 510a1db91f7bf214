"""The whole policy on one page: which role may do which action, and within what scope. Deny by default.

Every view declares its action with ``@access(...)``; the gate (security/gate.py) refuses a view that declares none.
Rooms call ``require`` again in their verbs: a door that forgets does not open anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from xinyong.kernel.errors import Forbidden


class Role(StrEnum):
    """Who somebody is to the platform. One account has one role (separation of duties)."""

    PUBLIC = "public"  # 社会公众: anybody, not signed in
    SOURCE_UNIT = "source_unit"  # 信源单位: a department that reports data
    OPERATOR = "operator"  # 信用中心: runs the platform
    AUDITOR = "auditor"  # 审计: sees who did what, not what is said of whom
    SYSTEM = "system"  # the platform itself: jobs, the command line of its owner


class Action(StrEnum):
    """What can be done. A new action is refused to everyone until it stands in ``POLICY``."""

    VIEW_PUBLIC = "view-public"
    SIGN_IN = "sign-in"
    USE_OFFICE = "use-office"
    SUBMIT = "submit"
    VIEW_SUBMISSION = "view-submission"  # what was handed in when, and how many rows went in; none of what they say
    READ_FINDINGS = "read-findings"  # the findings, which quote cells, and the returned file
    REVIEW_LINKS = "review-links"
    VIEW_SHARED = "view-shared"
    ISSUE_REPORT = "issue-report"
    MANAGE_CATALOGUE = "manage-catalogue"
    MANAGE_TABLES = "manage-tables"
    VIEW_AUDIT = "view-audit"
    OPERATE = "operate"


_EVERYONE = frozenset(Role)
_STAFF = frozenset({Role.SOURCE_UNIT, Role.OPERATOR, Role.AUDITOR, Role.SYSTEM})

#: action → roles. Scope (own department only) is added below, in ``may``.
POLICY: dict[Action, frozenset[Role]] = {
    Action.VIEW_PUBLIC: _EVERYONE,
    Action.SIGN_IN: _EVERYONE,
    Action.ISSUE_REPORT: _EVERYONE,  # the ordinary report of an organisation holds public data only
    Action.USE_OFFICE: _STAFF,
    Action.SUBMIT: frozenset({Role.SOURCE_UNIT, Role.OPERATOR, Role.SYSTEM}),
    Action.VIEW_SUBMISSION: _STAFF,
    Action.READ_FINDINGS: frozenset({Role.SOURCE_UNIT, Role.OPERATOR, Role.SYSTEM}),
    Action.VIEW_SHARED: frozenset({Role.SOURCE_UNIT, Role.OPERATOR, Role.SYSTEM}),
    Action.REVIEW_LINKS: frozenset({Role.OPERATOR, Role.SYSTEM}),
    Action.MANAGE_CATALOGUE: frozenset({Role.OPERATOR, Role.SYSTEM}),
    Action.MANAGE_TABLES: frozenset({Role.OPERATOR, Role.SYSTEM}),
    Action.VIEW_AUDIT: frozenset({Role.AUDITOR, Role.SYSTEM}),
    Action.OPERATE: frozenset({Role.SYSTEM}),
}

#: Actions a source unit may take only on what is its own.
OWN_ONLY = frozenset({Action.SUBMIT, Action.VIEW_SUBMISSION, Action.READ_FINDINGS})


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody acting now. ``department`` is the code of the unit they act for; ``address`` is where from."""

    role: Role
    name: str
    account_id: int | None = None
    department: str | None = None
    address: str | None = None


PUBLIC = Actor(role=Role.PUBLIC, name="public")


def system(name: str) -> Actor:
    """The platform itself, named for the job or command (it stands in the audit log)."""
    return Actor(role=Role.SYSTEM, name=name)


class NotAllowed(Forbidden):
    """The policy does not give this action to this actor."""

    code = "security.not-allowed"


def may(actor: Actor, action: Action, *, department: str | None = None) -> bool:
    """True when the policy allows it. ``department`` is the owner of the thing acted on, where it has one."""
    if actor.role not in POLICY.get(action, frozenset()):
        return False
    if actor.role is Role.SOURCE_UNIT and action in OWN_ONLY and department is not None:
        return actor.department == department
    return True


def require(actor: Actor, action: Action, *, department: str | None = None) -> None:
    """Raises NotAllowed unless ``may`` says yes."""
    if not may(actor, action, department=department):
        raise NotAllowed(
            "您的账号没有办理此事项的权限。如确有需要，请联系信用中心。",
            "Your account may not do this. If you need to, ask the credit centre.",
            action=action.value,
            role=actor.role.value,
        )


View = TypeVar("View", bound=Callable[..., Any])


def access(action: Action) -> Callable[[View], View]:
    """Declares the action a view performs; the gate checks it before the view runs."""

    def declare(view: View) -> View:
        view.xinyong_action = action  # type: ignore[attr-defined]
        return view

    return declare
