"""What a sender reads of each finding: in the order of the file, once a cell, with its basis by title."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.intake import made
from tests.intake.made import HandIn, Organisation, Row
from xinyong.catalogue import load, tables
from xinyong.intake import returned, submit, views
from xinyong.intake.outcome import Found
from xinyong.intake.views import SubmissionView
from xinyong.security import audit
from xinyong.security.access import NotAllowed
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
PENALTY = "admin-penalty-org"


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


@pytest.fixture
def who(unit: SourceUnit) -> Organisation:
    known = made.organisation()
    made.register(known)
    return known


def of_rule(view: SubmissionView, rule: str) -> list[Found]:
    """The findings of one rule."""
    return [one for one in made.found(view) if one.rule == rule]


def test_a_row_that_repeats_an_earlier_one_is_told_which(
    unit: SourceUnit, who: Organisation, file: Callable[..., Path]
) -> None:
    row, other = made.penalty_row(who, unit), made.penalty_row(who, unit)
    late = made.penalty_row(who, unit, CF_JDRQ="2026-03-02")
    path = file([row, other, row, late, late, row])
    trial = submit.check(
        path, item_id=PENALTY, source_code=unit.code, file_name=path.name, received_at=made.NOW, by=made.SYSTEM
    )
    view = made.hand_in(path, PENALTY, unit)
    assert (view.counts.accepted, view.counts.duplicate) == (3, 3)
    told = {one.row_no: (one.severity, one.message) for one in of_rule(view, "V11-duplicate")}
    assert told == {
        4: ("warning", "与本文件第 2 行相同，只入库一次。"), 6: ("warning", "与本文件第 5 行相同，只入库一次。"),
        7: ("warning", "与本文件第 2 行相同，只入库一次。"),
    }  # fmt: skip
    assert view.warnings == len({one.row_no for one in made.found(view) if one.severity == "warning"}) == 4
    assert {one.row_no for one in trial.findings if one.rule == "V11-duplicate"} == {4, 6, 7}


def test_a_duplicate_is_told_of_wherever_the_file_is_cut(
    unit: SourceUnit, who: Organisation, hand_in: HandIn, settings: object
) -> None:
    settings.INTAKE_CHUNK_ROWS = 2  # type: ignore[attr-defined]
    row = made.penalty_row(who, unit)
    view = hand_in([row, *(made.penalty_row(who, unit) for _ in range(4)), row], PENALTY, unit)
    assert [(one.row_no, one.message) for one in of_rule(view, "V11-duplicate")] == [
        (7, "与本文件第 2 行相同，只入库一次。")
    ]


def test_findings_come_in_the_order_of_rows_page_by_page(unit: SourceUnit, who: Organisation, hand_in: HandIn) -> None:
    rows: list[Row] = [made.penalty_row(who, unit, CF_JDRQ="2026-02-30", CF_NR_FK="viel") for _ in range(4)]
    rows[1] |= {"CF_XDR_SHXYM": made.mistyped(who.code)}
    view = hand_in(rows, PENALTY, unit)
    whole = views.findings(view.id, seen_by=made.SYSTEM)
    assert [one.found.row_no for one in whole] == sorted(one.found.row_no for one in whole)
    paged, after = [], None
    while page := views.findings(view.id, seen_by=made.SYSTEM, after=after, limit=2):
        paged += page
        after = page[-1].id
    assert paged == whole
    assert len(whole) == 13
    assert views.findings(view.id, seen_by=made.SYSTEM, after=2**40) == []


def test_a_destroyed_number_is_reported_once(unit: SourceUnit, who: Organisation, tmp_path: Path) -> None:
    row = made.penalty_row(who, unit) | {"CF_XDR_SHXYM": 911309020000000000}
    view = made.hand_in(made.xlsx_file(tmp_path / "numbers.xlsx", [row]), PENALTY, unit)
    assert [one.rule for one in made.found(view)] == ["F9-number-lost-digits"]


def test_an_auditor_sees_that_something_was_handed_in_and_nothing_of_what_it_says(
    unit: SourceUnit, who: Organisation, hand_in: HandIn, tmp_path: Path
) -> None:
    view = hand_in([made.penalty_row(who, unit, CF_JDRQ="2026-02-30")], PENALTY, unit)
    seen = views.submission(view.id, seen_by=made.AUDITOR)
    assert (seen.status, seen.counts.rejected) == ("deposited", 1)
    assert view.id in [one.id for one in views.submissions(seen_by=made.AUDITOR)]
    for look in (views.findings, views.tally):
        with pytest.raises(NotAllowed):
            look(view.id, seen_by=made.AUDITOR)
    with pytest.raises(NotAllowed):
        returned.write(view.id, to=tmp_path / "back.csv", seen_by=made.AUDITOR)
    assert not (tmp_path / "back.csv").exists()


def test_each_look_leaves_one_entry(unit: SourceUnit, who: Organisation, hand_in: HandIn, tmp_path: Path) -> None:
    view = hand_in([made.penalty_row(who, unit, CF_JDRQ="2026-02-30")], PENALTY, unit)
    views.submission(view.id, seen_by=made.OPERATOR)  # a page: the submission, its findings and their sums
    views.tally(view.id, seen_by=made.OPERATOR)
    views.findings(view.id, seen_by=made.OPERATOR)
    returned.write(view.id, to=tmp_path / "back.csv", seen_by=made.OPERATOR)
    log = [
        (one.event, one.role)
        for one in audit.entries(seen_by=made.AUDITOR)
        if (one.object_kind, one.object_ref) == ("submission", str(view.id))
    ]
    assert log[::-1] == [
        ("file-received", "system"), ("submission-deposited", "system"),
        ("submission-viewed", "operator"), ("feedback-taken", "operator"),
    ]  # fmt: skip


def test_a_basis_is_named_by_its_title(unit: SourceUnit, who: Organisation, hand_in: HandIn) -> None:
    wrong = made.mistyped(who.code)
    view = hand_in([made.penalty_row(who, unit, CF_XDR_SHXYM=wrong, CF_WSH="")], PENALTY, unit)
    bases = {one.rule: one.basis for one in made.found(view)}
    assert bases["V04-wrong-check-character"].startswith("GB 32100-2015 ")
    assert "424号" in bases["V01-required"]
    assert not set(bases.values()) & set(load.bases())


def test_an_excepted_code_gets_no_suggestion(unit: SourceUnit, who: Organisation, hand_in: HandIn) -> None:
    wrong = made.mistyped(who.code)
    tables.add_exception(wrong, reason="试点期发放", by=made.SYSTEM)
    view = hand_in([made.penalty_row(who, unit, CF_XDR_SHXYM=wrong)], PENALTY, unit)
    (one,) = of_rule(view, "V04-legally-issued-exception")
    assert (one.severity, one.suggestion) == ("doubtful", "")
