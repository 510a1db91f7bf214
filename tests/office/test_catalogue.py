"""The catalogue's pages: a version drafted from a file, compared, checked against the records, agreed to by another,
published, retired on a day."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.catalogue import samples
from tests.intake import made
from tests.office.conftest import page_of, two_operators
from xinyong.catalogue import export, load, publish
from xinyong.intake import impact
from xinyong.kernel import clock

ITEM = "admin-penalty-org"
HOME = "/office/catalogue/"


@pytest.fixture
def clients(lasting_db: None, tmp_path: Path) -> Iterator[dict[str, Client]]:
    """Two operators and an auditor; a department with two penalties on file."""
    with time_machine.travel(made.NOW, tick=True):
        unit, who = made.department("云溪市示例监督管理局"), made.organisation()
        made.register(who)
        rows = [made.penalty_row(who, unit, CF_NR_FK=amount) for amount in ("0.2", "50")]
        made.hand_in(made.csv_file(tmp_path / "a.csv", rows), ITEM, unit)
        yield two_operators()


def _text(**changes: Any) -> str:
    item = publish.current(ITEM)
    rules = tuple(replace(one, expression="CF_NR_FK < 20") if one.id == "V08a" else one for one in item.rules)
    return export.yaml(replace(item, version=2, effective_from=date(2026, 7, 1), rules=rules, **changes))


def _upload(client: Client, text: str, name: str = "penalties.yaml") -> Any:
    return client.post(f"{HOME}upload", {"file": SimpleUploadedFile(name, text.encode())})


def test_a_version_goes_from_a_file_to_publication_through_two_hands(clients: dict[str, Client]) -> None:
    first, second = clients["first"], clients["second"]
    done = _upload(first, _text().replace("severity: warning", "severity: doubtful"))
    assert (done.status_code, done["Location"]) == (302, f"{HOME}{ITEM}/2/")
    waiting = page_of(first, f"{HOME}{ITEM}/2/")
    assert "正在核对存量数据" in waiting
    assert 'http-equiv="refresh"' in waiting
    assert "申请发布</button>" not in waiting
    refused = first.post(f"{HOME}{ITEM}/2/publish", {"step": "ask", "reason": "年度修订"}, follow=True)
    assert "还没有按第 2 版草稿核对过" in refused.content.decode()

    impact.run(ITEM, 2, by=made.SYSTEM)
    known = page_of(first, f"{HOME}{ITEM}/2/")
    assert "1 条将成为疑问数据，0 条将不合规则" in known
    assert "规则“V08a”的条件由" in known
    lacking = first.post(f"{HOME}{ITEM}/2/publish", {"step": "ask", "reason": "年度修订"}, follow=True)
    assert "没有有效的个人信息保护影响评估" in lacking.content.decode()
    samples.assessed(publish.version(ITEM, 2))
    asked = first.post(f"{HOME}{ITEM}/2/publish", {"step": "ask", "reason": "年度修订"})
    request = asked["Location"]

    seen = page_of(second, request)
    assert "1 条将成为疑问数据" in seen
    assert "规则“V08a”的条件由" in seen
    second.post(f"{request}decide", {"verdict": "agree"})
    assert "second 已同意" in page_of(first, f"{HOME}{ITEM}/2/")
    first.post(f"{HOME}{ITEM}/2/publish", {"step": "publish"})
    assert publish.current(ITEM, on=date(2026, 7, 1)).version == 2
    assert publish.current(ITEM).version == 1
    assert "2026-07-01 起" in page_of(first, HOME)
    assert "这不是现行版本" in page_of(first, f"{HOME}{ITEM}/?version=2")


def test_every_problem_of_a_file_is_listed_with_its_line(clients: dict[str, Client]) -> None:
    text = samples.ITEM.replace("check: JCRQ <= today", "check: JCRX <= today").replace("type: uscc", "type: usc")
    answer = _upload(clients["first"], text)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "文件有 2 处问题，没有存为草稿" in page
    assert "rules[0].check" in page
    assert "fields[1].type" in page
    assert "site-safety" not in {one.item_id for one in publish.versions()}


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "这个文件是空的"), ("\xff\xfe".encode("latin-1"), "不是 UTF-8"), (b"x" * 1_000_001, "不能超过 1 MB")],
)
def test_what_is_no_catalogue_file_is_said_so(clients: dict[str, Client], content: Any, said: str) -> None:
    file = SimpleUploadedFile("a.yaml", content if isinstance(content, bytes) else content.encode())
    answer = clients["first"].post(f"{HOME}upload", {"file": file})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert "请选择目录文件" in clients["first"].post(f"{HOME}upload", {}).content.decode()


def test_a_published_number_is_not_taken_again(clients: dict[str, Client]) -> None:
    answer = _upload(clients["first"], _text().replace("version: 2", "version: 1"))
    assert answer.status_code == 400
    assert "已经发布，不能修改" in answer.content.decode()


def test_a_new_item_has_nothing_to_compare_and_may_be_asked_for_at_once(clients: dict[str, Client]) -> None:
    _upload(clients["first"], samples.ITEM)
    page = page_of(clients["first"], f"{HOME}site-safety/1/")
    assert "这是新事项" in page
    answer = clients["first"].post(f"{HOME}site-safety/1/publish", {"step": "ask", "reason": "新事项"})
    assert "/office/approvals/" in answer["Location"]


def test_a_draft_can_be_discarded_and_checked_anew(clients: dict[str, Client]) -> None:
    _upload(clients["first"], _text())
    impact.run(ITEM, 2, by=made.SYSTEM)
    assert clients["first"].post(f"{HOME}{ITEM}/2/check").status_code == 302
    assert "正在核对存量数据" in page_of(clients["first"], f"{HOME}{ITEM}/2/")
    assert clients["first"].post(f"{HOME}{ITEM}/2/discard")["Location"] == HOME
    assert {one.version for one in publish.versions(ITEM)} == {1}
    kept = clients["first"].post(f"{HOME}{ITEM}/1/discard", follow=True)
    assert "已经发布，不能放弃" in kept.content.decode()


def test_a_version_is_retired_on_a_day_to_come_with_its_reason(clients: dict[str, Client]) -> None:
    publish.draft(load.load_item(samples.ITEM), by=made.SYSTEM)
    publish.publish("site-safety", 1, by=made.SYSTEM)
    place = f"{HOME}site-safety/1/retire"
    assert "停用不能撤销" in page_of(clients["first"], place)
    bare = clients["first"].post(place, {"on": "2026-06-30", "reason": "旧"})
    assert (bare.status_code, "至少 4 个字" in bare.content.decode()) == (400, True)
    past = clients["first"].post(place, {"on": "2026-06-01", "reason": "上级目录不再列入"})
    assert (past.status_code, "已经过去" in past.content.decode()) == (400, True)
    clients["first"].post(place, {"on": "2026-06-30", "reason": "上级目录不再列入"})
    assert publish.current("site-safety").version == 1
    with time_machine.travel(made.NOW + timedelta(days=15)), pytest.raises(publish.UnknownItem):
        publish.current("site-safety")
    assert "2026年6月30日起停用：上级目录不再列入" in page_of(clients["first"], f"{HOME}site-safety/1/")


def test_an_item_is_shown_whole_and_taken_away_as_files(clients: dict[str, Client]) -> None:
    first, item = clients["first"], publish.current(ITEM)
    page = page_of(first, f"{HOME}{ITEM}/")
    for said in (item.title_zh, item.fields[-1].name_zh, item.rules[0].message, item.bases[0].title, "数据字典"):
        assert said in page
    place = f"{HOME}{ITEM}/1/file"
    for form in ("yaml", "json"):
        text = first.get(f"{place}.{form}").content.decode()
        assert load.item_from_text(text, file=form) == item
    following = load.item_from_text(first.get(f"{place}.yaml?next=1").content.decode(), file="next")
    assert (following.version, following.effective_from) == (2, date(2026, 7, 1))
    lines = first.get(f"{place}.csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == len(item.fields) + 1
    book = openpyxl.load_workbook(io.BytesIO(first.get(f"{place}.xlsx").content))
    assert [row[1].value for row in book["数据项"].iter_rows(min_row=2)] == [one.code for one in item.fields]
    assert book["代码表"].max_row > 5
    assert first.get(f"{place}.doc").status_code == 404


def test_the_whole_catalogue_is_one_file_that_comes_back(clients: dict[str, Client]) -> None:
    text = clients["first"].get(f"{HOME}all.yaml").content.decode()
    back = _upload(clients["first"], text, "all.yaml")
    assert back["Location"] == HOME
    assert "没有新的草稿" in page_of(clients["first"], HOME)
    many = text.replace("update_cycle: 7个工作日内", "update_cycle: 每日").replace("version: 1\n", "version: 2\n")
    many = many.replace("effective_from: '2018-07-25'", "effective_from: '2027-01-01'")
    _upload(clients["first"], many, "all.yaml")
    assert "第 2 版草稿" in page_of(clients["first"], HOME)


def test_a_newer_upper_version_is_shown_three_ways(clients: dict[str, Client]) -> None:
    upper = load.load_item(samples.ITEM)
    publish.draft(upper, by=made.SYSTEM)
    publish.publish("site-safety", 1, by=made.SYSTEM)
    text = samples.ITEM.replace("id: site-safety", "id: site-safety-city\nparent: {item: site-safety, version: 1}")
    text = text.replace("level: national", "level: city").replace("length: 500}", "length: 400}")
    loose = _upload(clients["first"], text.replace("length: 200", "length: 300")).content.decode()
    own = text.replace(
        "platform-practice]", "platform-practice, {id: city-law, title: 某市信用条例, rank: local-regulation}]"
    )
    assert "须以地方性法规为依据" in loose
    loose = _upload(clients["first"], own.replace("length: 200", "length: 300")).content.decode()
    assert "的长度超过上级目录" in loose
    assert _upload(clients["first"], own).status_code == 302
    fields = tuple(replace(one, length=300) if one.code == "JCJG" else one for one in upper.fields)
    publish.draft(replace(upper, version=2, effective_from=date(2027, 1, 1), fields=fields), by=made.SYSTEM)
    publish.publish("site-safety", 2, by=made.SYSTEM)
    page = page_of(clients["first"], f"{HOME}site-safety-city/1/")
    assert "本目录承接第 1 版，上级已发布第 2 版" in page
    assert "有 1 处须先改正" in page
    assert "两边都改过" in page


def test_an_auditor_reads_and_changes_nothing(clients: dict[str, Client]) -> None:
    auditor = clients["auditor"]
    assert "起草新版本" not in page_of(auditor, HOME)
    assert "停用这一版" not in page_of(auditor, f"{HOME}{ITEM}/1/")
    assert auditor.get(f"{HOME}upload").status_code == 403
    assert auditor.post(f"{HOME}{ITEM}/1/retire", {"on": clock.today(), "reason": "审计人员"}).status_code == 403
    assert page_of(auditor, f"{HOME}no-such-item/", 404)
    assert page_of(auditor, f"{HOME}{ITEM}/99/", 404)


def test_every_item_in_force_has_a_page_of_its_interface_to_read_and_to_take_away(clients: dict[str, Client]) -> None:
    auditor = clients["auditor"]
    for item in publish.reported():
        page = page_of(auditor, f"{HOME}{item.id}/interface")
        assert f"submit:{item.id}" in page
        assert f"/office/templates/{item.id}.zip" in page
    assert "接口说明" in page_of(auditor, f"{HOME}{ITEM}/")
    assert "接口说明" not in page_of(auditor, f"{HOME}self-contract/")
    page_of(auditor, f"{HOME}self-contract/interface", 409)
    described = json.loads(page_of(auditor, f"{HOME}{ITEM}/interface.json"))
    assert described["paths"]["/submissions"]["post"]["operationId"] == "submit_admin_penalty_org"
    assert page_of(auditor, f"{HOME}{ITEM}/interface.md").startswith("# 行政处罚")
    page_of(auditor, f"{HOME}{ITEM}/interface.pdf", 404)
    page_of(auditor, f"{HOME}no-such-item/interface", 404)
