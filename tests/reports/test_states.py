"""What is disputed, repaired, ended, withdrawn or past its retention, in each kind of paper, by the real verbs."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.rights import test_repair as repairs
from tests.rights.conftest import module_db as module_db
from tests.rights.conftest import on_the_day as on_the_day
from tests.rights.objecting import CENTRE, SECOND, Matter, desk, lodge, matter, own
from xinyong.intake import revert
from xinyong.intake.models import Submission
from xinyong.kernel import clock
from xinyong.reports import compose, special, statement
from xinyong.reports.issue import Issued
from xinyong.reports.special import Wanted
from xinyong.rights import objection, objection_desk, repair_desk
from xinyong.security import scope
from xinyong.security.access import PUBLIC

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
_SAID = "本单位认为罚款金额有误，已提起行政复议。"


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


def ordinary(one: Matter) -> list[Any]:
    """Entries of the ordinary report that are of the penalty."""
    content = compose.compose(one.who.code, as_of=clock.today(), seen_by=PUBLIC)
    return [
        entry
        for chapter in content.chapters
        for part in chapter.parts
        for entry in part.entries
        if one.row["CF_WSH"] in str(entry)
    ]


def specials(one: Matter) -> list[Any]:
    """The same of the special report over the year."""
    subject = special.registry.subject(one.who.code, seen_by=CENTRE)
    wanted = Wanted(date(2026, 1, 1), clock.today())
    content = special.compose(subject, wanted, as_of=clock.today(), purpose="", by=CENTRE)
    return [entry for group in content.groups for entry in group.entries if one.row["CF_WSH"] in str(entry)]


def states(one: Matter) -> Issued:
    """A statement that no penalty of the year is published."""
    with scope.acting(one.by):
        return statement.issue_statement(
            one.who.code, "no-published-penalty", by=one.by, issued_at=clock.now(), first_day=date(2026, 1, 1),
            last_day=clock.today(),
        )  # fmt: skip


def is_stated(one: Matter) -> bool:
    """Whether that can be stated."""
    try:
        return bool(states(one).pdf)
    except statement.FactDoesNotHold:
        return False


def marks(entries: list[Any]) -> list[str]:
    return [mark.zh for entry in entries for mark in entry.marks]


def test_what_stands_is_in_both_reports_and_not_denied_by_a_statement(one: Matter) -> None:
    assert (len(ordinary(one)), len(specials(one)), is_stated(one)) == (1, 1, False)
    assert "争议中" not in marks(ordinary(one)) + marks(specials(one))


def test_what_is_disputed_stays_and_says_so_until_it_is_settled_and_then_the_statement_stands_beside_it(
    one: Matter,
) -> None:
    case = lodge(one)
    for entries in (ordinary(one), specials(one)):
        assert "争议中" in marks(entries)
    assert not is_stated(one), "a dispute does not make it nothing"
    case = desk(CENTRE, objection_desk.decide, case, outcome="refuse", changes={}, reason="与处罚决定书一致")
    own(one, objection.state_disagreement, case, text=_SAID)
    for entries in (ordinary(one), specials(one)):
        assert "争议中" not in marks(entries)
        assert [note.text for entry in entries for note in entry.notes if note.zh == "异议声明"] == [_SAID]


def test_what_was_repaired_is_in_none_and_back_in_all_when_that_is_revoked(one: Matter) -> None:
    with repairs.on(repairs.LATER):
        case = repairs.granted(one)
        assert (ordinary(one), specials(one), is_stated(one)) == ([], [], True)
        desk(SECOND, repair_desk.revoke, case, cause="fraud", reason="缴款凭证系伪造")
        assert (len(ordinary(one)), len(specials(one)), is_stated(one)) == (1, 1, False)


def test_what_publicity_has_left_is_in_the_special_report_alone_and_past_retention_in_none(one: Matter) -> None:
    with repairs.on("2028-01-10"):
        assert (ordinary(one), len(specials(one)), is_stated(one)) == ([], 1, True)
    with repairs.on("2031-07-01"):
        assert (ordinary(one), specials(one), is_stated(one)) == ([], [], True)


def test_what_was_taken_back_is_in_none(one: Matter) -> None:
    submission = Submission.objects.order_by("-id").first()
    assert submission is not None
    revert.begin(submission.pk, reason="行政处罚决定被复议撤销", by=one.source)
    revert.finish(submission.pk, by=one.source)
    assert (ordinary(one), specials(one), is_stated(one)) == ([], [], True)
