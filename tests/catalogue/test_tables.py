"""The operator's tables: working days and lawfully issued codes."""

from datetime import date
from pathlib import Path

import pytest

from xinyong.catalogue import tables
from xinyong.kernel import codes
from xinyong.security.access import Actor, NotAllowed, Role, system

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
    row = ["2027-01-02", "是", "元旦", "国办发明电〔2026〕9号"]
    row = row[::-1] if head.startswith("来源") else row
    found = tables.read_working_days(_file(tmp_path, f"{head}\n{','.join(row)}\n"))
    assert tables.import_working_days(found, by=OPERATOR) == 1
    after = tables.calendar()
    assert after.is_working(date(2027, 1, 2))
    assert not after.is_provisional(date(2027, 1, 4))
    assert [one.name for one in tables.working_days(2027)] == ["元旦"]


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
