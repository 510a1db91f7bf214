"""Subjects that complain about a look at their file, for tests: the look, the complaint, and who deals with it, by the real verbs."""

import itertools
from dataclasses import replace
from typing import Any

from tests.rights.conftest import NOTE, Hall
from tests.rights.objecting import CENTRE, desk, token
from xinyong.kernel import clock
from xinyong.rights import access_log, complaint, complaint_desk
from xinyong.rights.complaint import Said
from xinyong.security import scope
from xinyong.security.access import Actor, Role
from xinyong.workflow.case_view import CaseView

THIRD = Actor(role=Role.OPERATOR, name="third", account_id=903)
_accounts = itertools.count(1)
WHY = "我没有向这家银行申请过贷款"


def teller(hall: Hall) -> Actor:
    """Somebody of the bank whose program looks."""
    return Actor(role=Role.READER, name="teller", account_id=904, department=hall.bank.code)


def owner(hall: Hall, of: str = "person") -> Actor:
    """Whose file it is; a person as the person they are."""
    found = replace(hall.owner(of), account_id=9_100_000 + next(_accounts))  # each with quotas of their own
    return found if of == "organisation" else replace(found, role=Role.PERSON)


def looked(hall: Hall, of: str = "person") -> int:
    """A look of the bank's program under an authorisation; its number in the log."""
    hall.gives(of)
    hall.looks(of)
    return lines(hall, of)[0].id


def lines(hall: Hall, of: str = "person", **more: Any) -> list[access_log.Line]:
    """What the subject reads."""
    who = owner(hall, of)
    with scope.acting(who):
        return access_log.of(by=who, **({"at": clock.now()} | more))[0]


def lodge(hall: Hall, of: str = "person", look: int | None = None, **other: Any) -> CaseView:
    """A complaint about the bank's look."""
    who = owner(hall, of)
    said = Said(other.pop("ground", "not-authorised"), other.pop("statement", WHY))
    number = looked(hall, of) if look is None else look
    with scope.acting(who):
        return complaint.lodge(number, said, **({"token": token(), "by": who, "at": clock.now()} | other))[0]


def own(hall: Hall, verb: Any, case: CaseView, of: str = "person", **said: Any) -> CaseView:
    """A step of the subject's."""
    return desk(owner(hall, of), verb, case, **said)


def explained(hall: Hall, case: CaseView) -> CaseView:
    """The centre has asked, the bank has explained."""
    case = desk(CENTRE, complaint_desk.forward, case)
    return desk(teller(hall), complaint_desk.explain, case, reason=f"为{NOTE}查询，客户本人到柜面申请")


def decided(hall: Hall, outcome: str = "founded", of: str = "person", by: Actor = CENTRE, **more: Any) -> CaseView:
    """A complaint with its end."""
    case = explained(hall, lodge(hall, of))
    return desk(by, complaint_desk.decide, case, outcome=outcome, reason="没有贷款申请，查询没有事由", **more)
