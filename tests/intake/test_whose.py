"""Who may hand in for whom, asked of the verbs themselves, whatever door forgot to ask."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.intake import made
from xinyong.intake import submit, views
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

PENALTY = "admin-penalty-org"


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


@pytest.fixture
def path(unit: SourceUnit, file: Callable[..., Path]) -> Path:
    who = made.organisation()
    made.register(who)
    return file([made.penalty_row(who, unit)])


def _receive(path: Path, unit: SourceUnit, by: Actor) -> views.SubmissionView:
    return submit.receive(
        path, item_id=PENALTY, source_code=unit.code, file_name="a.csv", by=by, received_at=made.NOW
    )  # fmt: skip


def _strangers(unit: SourceUnit) -> list[Actor]:
    other = made.department().code
    return [
        Actor(role=Role.SOURCE_UNIT, name="another unit's clerk", department=other),
        Actor(role=Role.CLIENT, name="another unit's program", department=other),
        Actor(role=Role.SOURCE_UNIT, name="for another item", department=unit.code, items=frozenset({"honour"})),
        Actor(role=Role.READER, name="who only reads", department=unit.code),
        Actor(role=Role.AUDITOR, name="who only audits"),
    ]


def test_only_its_own_people_and_the_centre_hand_in_for_a_unit(unit: SourceUnit, path: Path) -> None:
    before = len(views.submissions(seen_by=made.SYSTEM, limit=500))
    for by in _strangers(unit):
        with pytest.raises(NotAllowed):
            _receive(path, unit, by)
    assert len(views.submissions(seen_by=made.SYSTEM, limit=500)) == before
    entered = _receive(path, unit, Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code))
    assert entered.status == "received"


def test_nobody_else_works_on_it_or_checks_in_its_name(unit: SourceUnit, path: Path) -> None:
    entered = _receive(path, unit, made.SYSTEM)
    for by in [one for one in _strangers(unit) if one.items is None]:
        with pytest.raises(NotAllowed):
            submit.run(entered.id, by=by)
        with pytest.raises(NotAllowed):
            submit.check(
                path, item_id=PENALTY, source_code=unit.code, file_name="a.csv", received_at=made.NOW, by=by
            )  # fmt: skip
    assert views.find(entered.id, seen_by=made.SYSTEM).status == "received"
