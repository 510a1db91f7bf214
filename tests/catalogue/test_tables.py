"""The operator's tables: working days and lawfully issued codes."""

from datetime import date
from pathlib import Path

import pytest

from tests.catalogue import samples
from xinyong.catalogue import tables
from xinyong.kernel import codes
from xinyong.security.access import Actor, NotAllowed, Role, system

_HEAD = "日期,是否上班,名称,来源"
pytestmark = pytest.mark.django_db
OPERATOR = system("test")
#: A made-up code with a wrong check character (0 would be right).
WRONG = "91990102MA00000071"


def _file(folder: Path, text: str) -> Path:
    path = folder / "days.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_calendar_is_seeded_once_and_knows_make_up_days() -> None:
    tables.install_calendar(by=OPERATOR)
    assert tables.install_calendar(by=OPERATOR) == 0
    calendar = tables.calendar()
    assert not calendar.is_working(date(2025, 10, 1))
    assert calendar.is_working(date(2025, 9, 28))  # a Sunday worked for the National Day holiday
    assert calendar.add_working_days(date(2026, 9, 24), 7).on == date(2026, 10, 12)


@pytest.mark.parametrize("head", ["day,is_working,name,source", "日期,是否上班,名称,来源", "来源,名称,是否上班,日期"])
def test_an_imported_year_is_official_and_replaces_what_was_there(tmp_path: Path, head: str) -> None:
    tables.install_calendar(by=OPERATOR)
    before = tables.calendar()
    assert before.is_provisional(date(2027, 1, 4))
    found = tables.read_working_days(_file(tmp_path, samples.notice(head)))
    assert tables.import_working_days(found, by=OPERATOR) == len(samples.NOTICE_OF_2027)
    after = tables.calendar()
    assert after.is_working(date(2027, 1, 30))
    assert not after.is_provisional(date(2027, 1, 4))
    assert {one.name for one in tables.working_days(2027)} == {"节假日安排"}
    later = tables.read_working_days(_file(tmp_path, f"{_HEAD}\n2027-09-03,否,纪念活动,国办发明电〔2027〕5号\n"))
    assert tables.import_working_days(later, by=OPERATOR) == 1, "an official year takes single days"
    assert not tables.calendar().is_working(date(2027, 9, 3))


@pytest.mark.parametrize(("text", "sentence"), [
    (f"{_HEAD}\n2027-02-05,否,春节,文\n2027-02-08,否,春节,文\n2027-02-09,否,春节,文\n2027-02-14,是,春节,文\n", "1月1日"),
    (samples.notice(**{"2027-10-01": ""}), "未列为休息的有 10月1日。"),
    (samples.notice(**{"2027-02-07": "是"}), "2月7日"),
    (samples.notice(**dict.fromkeys((
        "2027-02-09", "2027-02-10", "2027-02-11", "2027-05-03", "2027-10-04", "2027-10-05", "2027-10-06", "2027-10-07",
    ), "")), "不完整"),
], ids=["four days", "no National Day", "a worked holiday", "nothing but the legal days"])  # fmt: skip
def test_days_that_are_no_years_notice_are_refused_and_the_year_stays_provisional(
    tmp_path: Path, text: str, sentence: str
) -> None:
    tables.install_calendar(by=OPERATOR)
    with pytest.raises(tables.ImplausibleTable, match=sentence):
        tables.import_working_days(tables.read_working_days(_file(tmp_path, text)), by=OPERATOR)
    assert tables.working_days(2027) == []
    assert tables.calendar().is_provisional(date(2027, 1, 4))


def test_every_notice_so_far_is_a_whole_one() -> None:
    tables.install_calendar(by=OPERATOR)
    assert tables.calendar().covers_until == date(2026, 12, 31)
    assert not any(tables.calendar().is_provisional(date(year, 6, 1)) for year in range(2004, 2027))


@pytest.mark.parametrize(("text", "sentence"), [
    ("a,b\n1,2", "表头"),
    ("日期,是否上班,名称,来源\n2027-02-30,是,春节,文", "第 2 行"),
    ("日期,是否上班,名称,来源\n2027-02-06,也许,春节,文", "第 2 行"),
    ("日期,是否上班,名称,来源\n2027-02-06,是,春节,", "来源"),
    ("日期,是否上班,名称,来源\n2027-02-06,是,春节,文\n2027-02-06,否,春节,文", "两次"),
    ("", "表头"),
])  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(tables.UnreadableTable, match=sentence):
        tables.read_working_days(_file(tmp_path, text))


def test_an_issued_exception_makes_a_wrong_code_doubtful() -> None:
    assert codes.judge(WRONG, exceptions=tables.exceptions()).verdict == "invalid"
    tables.add_exception(WRONG, reason="试点期发放，见登记机关函", by=OPERATOR)
    tables.add_exception(WRONG, reason="再次登记", by=OPERATOR)
    assert tables.exceptions() == {WRONG}
    assert codes.judge(WRONG, exceptions=tables.exceptions()).verdict == "doubtful"
    assert [one.reason for one in tables.issued()] == ["试点期发放，见登记机关函"]


@pytest.mark.parametrize("code", ["91990102MA00000070", "91990102MA0000007", "not a code"])
def test_a_code_that_is_right_or_no_code_at_all_is_no_exception(code: str) -> None:
    with pytest.raises(tables.NotAnException):
        tables.add_exception(code, reason="因故", by=OPERATOR)


def test_only_the_operator_changes_the_tables() -> None:
    auditor = Actor(role=Role.AUDITOR, name="auditor")
    with pytest.raises(NotAllowed):
        tables.add_exception(WRONG, reason="因故", by=auditor)
    with pytest.raises(NotAllowed):
        tables.import_working_days([], by=auditor)
