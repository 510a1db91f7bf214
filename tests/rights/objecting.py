"""Organisations that object to a record of theirs, for tests: a penalty on file, somebody who speaks, all by the real verbs."""

import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.intake import declaring, made
from tests.intake.made import Organisation, Row
from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.records import dossier
from xinyong.records.view import Mark, RecordView
from xinyong.rights import objection, objection_desk
from xinyong.rights.objection import Said
from xinyong.security import scope
from xinyong.security.access import PUBLIC, Actor, Role
from xinyong.security.identity import SourceUnit
from xinyong.workflow import cases
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import Paper

CENTRE = Actor(role=Role.OPERATOR, name="centre", account_id=901)
SECOND = Actor(role=Role.OPERATOR, name="second", account_id=902)
_numbers = itertools.count(1)


@dataclass(slots=True)
class Matter:
    """A penalty of an organisation on file: whose, by which unit, the row as it was handed in, who speaks for whom."""

    who: Organisation
    unit: SourceUnit
    row: Row
    by: Actor
    source: Actor
    folder: Path

    @property
    def shown(self) -> RecordView:
        """The record as the public sees it."""
        return next(one for one in public(self.who) if one.section.value == "penalty")

    def hand_in(self, **changes: str) -> None:
        """The unit hands the row in, changed."""
        self.row = self.row | changes
        path = made.csv_file(self.folder / f"rows-{next(_numbers)}.csv", [self.row])
        view = made.hand_in(path, "admin-penalty-org", self.unit, at=clock.now())
        assert view.counts.accepted == 1, made.found(view)


def matter(folder: Path) -> Matter:
    """A fresh one."""
    who, unit = made.organisation(), made.department()
    made.register(who)
    source = Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=900, department=unit.code)
    found = Matter(who, unit, made.penalty_row(who, unit), declaring.speaks_for(who, folder), source, folder)
    found.hand_in()
    return found


def public(who: Organisation) -> list[RecordView]:
    """What the public sees of an organisation."""
    file = dossier.of(who.code, as_of=clock.today(), seen_by=PUBLIC)
    return [one for section in file.sections for one in section.records]


def token() -> str:
    """A form's."""
    return secrets.token_urlsafe(18)


def paper(folder: Path) -> Paper:
    """A picture."""
    return Paper(declaring.picture(folder / f"paper-{next(_numbers)}.png"), "决定书.png")


def lodge(one: Matter, *, wanted: Mapping[str, str] | None = None, ground: str = "wrong", **other: Any) -> CaseView:
    """An objection to the penalty."""
    said = Said(ground, "罚款金额与决定书不一致，应为 0.1 万元", wanted if wanted is not None else {"CF_NR_FK": "0.1"})
    how = {"papers": [paper(one.folder)], "token": token(), "by": one.by, "at": clock.now()} | other
    with scope.acting(one.by):
        case, _ = objection.lodge(one.shown.ref, said, **how)
    return case


def own(one: Matter, verb: Any, case: CaseView, **said: Any) -> CaseView:
    """A step of the organisation's."""
    with scope.acting(one.by):
        done: CaseView = verb(
            case.id, **({"after": case.after, "token": token(), "by": one.by, "at": clock.now()} | said)
        )
    return done


def desk(by: Actor, verb: Any, case: CaseView, **said: Any) -> CaseView:
    """A step of the centre's or the unit's."""
    with scope.acting(by):
        done: CaseView = verb(case.id, **({"after": case.after, "token": token(), "by": by, "at": clock.now()} | said))
    return done


def forwarded(one: Matter, **said: Any) -> CaseView:
    """An objection that is with the unit."""
    return desk(CENTRE, objection_desk.forward, lodge(one, **said))


def refused(one: Matter) -> CaseView:
    """An objection that the centre has refused."""
    return desk(CENTRE, objection_desk.decide, lodge(one), outcome="refuse", changes={}, reason="与处罚决定书一致")


def is_marked(one: Matter) -> bool:
    """The public sees the penalty as disputed."""
    return Mark.DISPUTED in one.shown.marks


def state(case: CaseView, by: Actor) -> str:
    """Where a case stands."""
    with scope.acting(by):
        return cases.again(case.id, kind=None, by=by, at=clock.now(), calendar=tables.calendar()).state.id


def refusal(deed: Callable[[], Any]) -> str:
    """The code of the refusal that this ends in."""
    with pytest.raises(XinyongError) as error:
        deed()
    return error.value.code


def on(day: str, hour: int = 10) -> time_machine.travel:
    """That day, from that hour on."""
    return time_machine.travel(datetime.fromisoformat(f"{day}T{hour:02}:00:00+08:00"), tick=True)
