"""Code lists in the office: found, compared, taken away, edited, checked against the records, agreed to by another, in force."""

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.intake import made
from tests.office.conftest import page_of, two_operators
from xinyong.catalogue import codes
from xinyong.intake import impact

HOME, LIST, DAY = "/office/code-lists/", "penalty-kind", "2026-07-01"
ITEM = "admin-penalty-org"


@pytest.fixture
def clients(lasting_db: None, tmp_path: Path) -> Iterator[dict[str, Client]]:
    """Two operators and an auditor; two penalties on file, one of them a warning."""
    with time_machine.travel(made.NOW, tick=True):
        unit, who = made.department("云溪市示例监督管理局"), made.organisation()
        made.register(who)
        rows = [
            made.penalty_row(who, unit),
            made.penalty_row(who, unit, CF_CFLB="警告", CF_NR="警告", CF_NR_FK=""),
        ]
        made.hand_in(made.csv_file(tmp_path / "a.csv", rows), ITEM, unit)
        yield two_operators()


def _without_warning(client: Client, form: str) -> bytes:
    """The list of today as it is taken away, the code 警告 deleted, one added."""
    content = client.get(f"{HOME}{LIST}/2021-07-15/file.{form}").content
    if form == "csv":
        lines = [one for one in content.decode("utf-8-sig").splitlines() if not one.startswith("警告,")]
        return "\r\n".join([*lines, "信用惩戒,信用惩戒,Credit sanction,惩戒;信用惩罚,是", ""]).encode()
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    sheet.delete_rows(next(row[0].row for row in sheet.iter_rows() if row[0].value == "警告"))
    sheet.append(["信用惩戒", "信用惩戒", "Credit sanction", "惩戒;信用惩罚", "是"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _propose(client: Client, content: bytes, form: str = "csv", **changes: str) -> Any:
    file = SimpleUploadedFile(f"codes.{form}", content)
    return client.post(
        f"{HOME}{LIST}/propose", {"file": file, "valid_from": DAY, "source": "示例修订文件〔2026〕1号", **changes}
    )


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_edition_goes_from_an_edited_table_to_its_day_through_two_hands(
    clients: dict[str, Client], form: str
) -> None:
    first, second = clients["first"], clients["second"]
    done = _propose(first, _without_warning(first, form), form)
    assert (done.status_code, done["Location"]) == (302, f"{HOME}{LIST}/{DAY}/")
    waiting = page_of(first, f"{HOME}{LIST}/{DAY}/")
    assert "正在核对存量数据" in waiting
    assert "申请发布</button>" not in waiting
    refused = first.post(f"{HOME}{LIST}/{DAY}/publish", {"step": "ask", "reason": "修订"}, follow=True)
    assert "存量数据还没有按这份代码表核对过" in refused.content.decode()

    impact.run_edition(LIST, date(2026, 7, 1), by=made.SYSTEM)
    effects = codes.history(LIST, seen_by=made.OPERATOR)[0].effects
    assert effects is not None
    assert (effects[ITEM].records, effects[ITEM].wrong) == (2, 1)
    known = page_of(first, f"{HOME}{LIST}/{DAY}/")
    assert "删除“警告 警告”。" in known
    assert "增加“信用惩戒 信用惩戒”。" in known
    assert "V10-unknown-code" in known
    assert "未核对原文" in known

    asked = first.post(f"{HOME}{LIST}/{DAY}/publish", {"step": "ask", "reason": "修订"})
    seen = page_of(second, asked["Location"])
    assert "删除“警告 警告”。" in seen
    assert "V10-unknown-code" in seen
    second.post(f"{asked['Location']}decide", {"verdict": "agree"})
    assert f"{HOME}{LIST}/{DAY}/" in page_of(first, asked["Location"])
    first.post(f"{HOME}{LIST}/{DAY}/publish", {"step": "publish"})
    assert "警告" not in {one.value for one in codes.of(LIST, date(2026, 7, 1)).codes}
    added = {one.value: one for one in codes.of(LIST, date(2026, 7, 1)).codes}["信用惩戒"]
    assert (added.aliases, added.needs_detail) == (("惩戒", "信用惩罚"), True)
    assert "警告" in {one.value for one in codes.of(LIST, date(2026, 6, 30)).codes}
    assert "2026-07-01 起生效" in page_of(first, HOME)


def test_rows_are_read_by_the_edition_of_the_day_they_came_in(clients: dict[str, Client], tmp_path: Path) -> None:
    first = clients["first"]
    _propose(first, _without_warning(first, "csv"))
    impact.run_edition(LIST, date(2026, 7, 1), by=made.SYSTEM)
    codes.publish_edition(LIST, date(2026, 7, 1), by=made.SYSTEM)
    unit, who = made.department(), made.organisation()
    made.register(who)
    warned = {"CF_CFLB": "警告", "CF_NR": "警告", "CF_NR_FK": ""}
    before = made.hand_in(made.csv_file(tmp_path / "b.csv", [made.penalty_row(who, unit, **warned)]), ITEM, unit)
    assert (before.counts.accepted, before.counts.rejected) == (1, 0)
    with time_machine.travel(date(2026, 7, 2)):
        late = made.NOW.replace(month=7, day=2)
        row = made.penalty_row(who, unit, CF_JDRQ="2026-07-01", **warned)
        after = made.hand_in(made.csv_file(tmp_path / "c.csv", [row]), ITEM, unit, at=late)
    assert (after.counts.accepted, after.counts.rejected) == (0, 1)


def test_what_is_wrong_with_a_table_is_listed_and_nothing_is_kept(clients: dict[str, Client]) -> None:
    first = clients["first"]
    twice = _without_warning(first, "csv") + "罚款二,罚款,Fine,,\r\n,无代码,No code,,\r\n".encode()
    answer = _propose(first, twice)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "写法“罚款”既指“罚款”又指“罚款二”" in page
    assert "codes[" in page
    other = _propose(first, "代码,名称,乙\r\n1,2,3\r\n".encode())
    assert other.status_code == 400
    assert "这不是代码表" in other.content.decode()
    late = _propose(first, _without_warning(first, "csv"), valid_from="2026-06-01")
    assert "已经过去" in late.content.decode()
    assert "请选择文件" in first.post(f"{HOME}{LIST}/propose", {}).content.decode()
    assert [one.status for one in codes.history(LIST, seen_by=made.OPERATOR)] == ["library", "library"]


def test_lists_are_found_by_what_is_in_them_and_show_who_uses_them(clients: dict[str, Client]) -> None:
    auditor = clients["auditor"]
    everything = page_of(auditor, HOME)
    assert everything.count("<tr>") > 20
    assert "未核对原文" in everything
    found = page_of(auditor, f"{HOME}?q=限制从业")
    assert "1 张代码表中找到 1 个代码" in found
    assert "没有找到含有这些文字的代码" in page_of(auditor, f"{HOME}?q=没有这样的代码")
    one = page_of(auditor, f"{HOME}{LIST}/")
    assert 'href="/office/catalogue/admin-penalty-org/"' in one
    assert "增加“限制从业 限制从业”。" in one
    assert "起草新版本" not in one
    assert "不是现行版本" in page_of(auditor, f"{HOME}{LIST}/?from=2018-07-25")
    assert "没有找到" in page_of(auditor, f"{HOME}{LIST}/?q=没有这样的代码")
    for path in (f"{LIST}/?from=2000-01-01", f"{LIST}/2021-07-15/file.pdf", f"{LIST}/yesterday/", "no-such-list/"):
        page_of(auditor, f"{HOME}{path}", 404)
    assert auditor.get(f"{HOME}{LIST}/propose").status_code == 403


def test_a_list_comes_back_from_its_own_file_unchanged(clients: dict[str, Client]) -> None:
    first = clients["first"]
    for form in ("csv", "xlsx"):
        content = first.get(f"{HOME}{LIST}/2021-07-15/file.{form}").content
        assert _propose(first, content, form).status_code == 302
        drafted = codes.drafted(LIST, date(2026, 7, 1))
        assert drafted.codes == codes.of(LIST, date(2026, 6, 15)).codes
    first.post(f"{HOME}{LIST}/{DAY}/discard")
    assert codes.waiting() == []
