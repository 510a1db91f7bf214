"""Pages of the ledger of tasks."""

import io
import os
import re

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.intake import made
from tests.office.conftest import PASSWORD, Office, Reader
from tests.signing import signed_in
from xinyong.analytics import task_import, task_table
from xinyong.analytics.models import Task
from xinyong.security import identity

PLAN = "云溪市2026年计划\n目标任务|责任单位|完成时间\n{rows}"
PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(32)
pytestmark = pytest.mark.usefixtures("browsers")


def _upload(office: Office, *rows: str) -> str:
    file = SimpleUploadedFile("计划.txt", PLAN.format(rows="\n".join(rows)).encode())
    return office["operator"].post("/office/tasks/import", {"file": file}).content.decode()


def _enter(office: Office, text: str, deadline: str = "2026年5月前", owner: str = "") -> int:
    rows = [(1, ["目标任务", "责任单位", "完成时间"]), (2, [text, owner or office.unit.name, deadline])]
    task_import.keep(task_table.of_rows(rows, title="云溪市2026年计划"), by=made.OPERATOR, at=made.NOW)
    return Task.objects.get(text=text).pk


def test_whoever_has_no_task_is_told(office: Office) -> None:
    identity.create_account(
        username="idle", password=PASSWORD, display_name="idle", role="source_unit", department=made.department().code,
        by=made.SYSTEM,
    )  # fmt: skip
    assert "没有您单位的任务" in signed_in(Reader(), "idle").get("/office/tasks/").content.decode()


def test_a_plan_is_looked_at_before_it_is_kept(office: Office) -> None:
    rows = ("没人做的事||待定", f"预览的事|{office.unit.name}|2026年8月前", f"看不懂的事|{office.unit.name}|尽快")
    page = _upload(office, *rows)
    assert "读到 3 项任务，将导入 2 项" in page
    assert "没有完全读懂" in page
    assert "没有责任单位" in page
    assert not Task.objects.filter(text="预览的事").exists()
    packed = re.search(r'name="packed" value="([^"]+)"', page)
    assert packed
    done = office["operator"].post("/office/tasks/import", {"packed": packed.group(1)}, follow=True).content.decode()
    assert "已导入 2 项；已有 0 项，未导入 1 项" in done
    assert "预览的事" in done
    again = _upload(office, *rows)
    assert "将导入 0 项" in again
    assert "导入 2 项" not in again
    forged = office["operator"].post("/office/tasks/import", {"packed": packed.group(1)[:-2] + "xx"}, follow=True)
    assert "预览已过期" in forged.content.decode()
    assert office["clerk"].post("/office/tasks/import", {"packed": packed.group(1)}).status_code == 403


def test_a_file_without_a_table_is_refused_at_the_form(office: Office) -> None:
    answer = office["operator"].post("/office/tasks/import", {"file": SimpleUploadedFile("x.txt", "你好".encode())})
    assert answer.status_code == 400
    assert "没有找到任务表" in answer.content.decode()
    assert office["operator"].post("/office/tasks/import", {}).status_code == 400


def test_a_department_reports_and_the_credit_centre_confirms(office: Office) -> None:
    task_id = _enter(office, "要做的事")
    clerk, operator = office["clerk"], office["operator"]
    assert "逾期" in clerk.get("/office/tasks/").content.decode()
    assert "项任务逾期" in clerk.get("/office/").content.decode(), "where the day begins"
    bare = clerk.post(f"/office/tasks/{task_id}/report", {"note": "做完了", "is_done": "on"})
    assert bare.status_code == 400
    assert "还没有佐证" in bare.content.decode()
    sent = {"note": "做完了", "is_done": "on", "file": SimpleUploadedFile("现场.png", PNG), "on": "2026-06-01"}
    page = clerk.post(f"/office/tasks/{task_id}/report", sent, follow=True).content.decode()
    assert "已提请信用中心确认" in page
    assert "撤回提请" in page
    file = clerk.get(f"/office/tasks/{task_id}/evidence/2")
    assert (file.body, file["Content-Type"], file["Cache-Control"]) == (PNG, "image/png", "no-store")
    assert office["stranger"].get(f"/office/tasks/{task_id}/").status_code == 404
    assert office["stranger"].get(f"/office/tasks/{task_id}/evidence/2").status_code == 404
    assert clerk.post(f"/office/tasks/{task_id}/decide", {"act": "confirm", "after": "2"}).status_code == 403
    stale = operator.post(f"/office/tasks/{task_id}/decide", {"act": "confirm", "after": "1"})
    assert "又有新情况" in stale.content.decode()
    assert "确认完成" in operator.get(f"/office/tasks/{task_id}/decide", {"act": "confirm"}).content.decode()
    done = operator.post(f"/office/tasks/{task_id}/decide", {"act": "confirm", "after": "2"}, follow=True)
    assert "已确认完成" in done.content.decode()
    reopened = operator.post(
        f"/office/tasks/{task_id}/decide", {"act": "reopen", "after": "3", "reason": "复查有误"}, follow=True
    )
    assert "推进中" in reopened.content.decode()


def test_what_was_asked_too_early_is_taken_back(office: Office) -> None:
    task_id = _enter(office, "还没做完的事")
    clerk = office["clerk"]
    clerk.post(f"/office/tasks/{task_id}/report", {"link": "https://example.org/a", "is_done": "on"})
    assert "已撤回提请" in clerk.post(f"/office/tasks/{task_id}/take-back", follow=True).content.decode()
    assert clerk.post(f"/office/tasks/{task_id}/take-back").status_code == 409


def test_another_day_and_others(office: Office) -> None:
    task_id = _enter(office, "要改的事")
    operator = office["operator"]
    assert operator.post(f"/office/tasks/{task_id}/deadline", {"due_on": "2026-07-01", "after": "1"}).status_code == 400
    changed = {"due_on": "2026-07-01", "after": "1", "reason": "省里改了时间"}
    page = operator.post(f"/office/tasks/{task_id}/deadline", changed, follow=True).content.decode()
    assert "2026年5月前 → 2026年7月1日前" in page
    moved = {"lead": office.other.code, "helpers": [office.unit.code], "after": "2", "reason": "职能调整"}
    assert operator.post(f"/office/tasks/{task_id}/owners", moved).status_code == 302
    assert 'value="counties"' in operator.get(f"/office/tasks/{task_id}/owners").content.decode()
    assert office["stranger"].get(f"/office/tasks/{task_id}/").status_code == 200
    whole = {"lead": office.other.code, "helpers": ["all"], "after": "3", "reason": "大家一起办"}
    page = operator.post(f"/office/tasks/{task_id}/owners", whole, follow=True).content.decode()
    assert "各成员单位" in page
    assert office["clerk"].get(f"/office/tasks/{task_id}/").status_code == 200, "one of everybody"
    assert operator.post(f"/office/tasks/{task_id}/owners", moved | {"after": "4"}).status_code == 302
    cancel = {"act": "cancel", "after": "5", "reason": "上级取消"}
    assert "已取消" in operator.post(f"/office/tasks/{task_id}/decide", cancel, follow=True).content.decode()


def test_a_task_by_hand(office: Office) -> None:
    sent = {"ledger": "云溪市2026年计划", "text": "手工的事", "lead": office.unit.code, "is_ongoing": "on"}
    page = office["operator"].post("/office/tasks/new", sent, follow=True).content.decode()
    assert "手工的事" in page
    assert "持续推进" in page
    assert office["operator"].post("/office/tasks/new", sent | {"text": ""}).status_code == 400
    assert office["clerk"].get("/office/tasks/new").status_code == 403


def test_the_list_is_filtered_goes_on_and_is_taken_home(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _enter(office, "第一件大事")
    _enter(office, "第二件大事", "持续推进", office.other.name)
    operator = office["operator"]
    page = operator.get("/office/tasks/", {"words": "大事"}).content.decode()
    assert page.index("第二件大事") < page.index("第一件大事")
    for wanted in ({"deadline": "overdue"}, {"owner": office.unit.code}, {"state": "open", "deadline": "dated"}):
        page = operator.get("/office/tasks/", {"words": "大事", **wanted}).content.decode()
        assert "第一件大事" in page
        assert "第二件大事" not in page
    assert "没有符合条件的任务" in operator.get("/office/tasks/", {"words": "绝无此事"}).content.decode()
    assert (
        operator.get("/office/tasks/", {"owner": "x", "state": "x", "deadline": "x", "after": "x"}).status_code == 200
    )
    monkeypatch.setattr("xinyong.office.tasks._PER_PAGE", 1)
    first = operator.get("/office/tasks/", {"words": "大事"}).content.decode()
    more = re.search(r'rel="next" href="([^"]+)"', first)
    assert more
    assert "第一件大事" in operator.get("/office/tasks/" + more.group(1).replace("&amp;", "&")).content.decode()
    whole = operator.get("/office/tasks/", {"words": "大事", "show": "all"}).content.decode()
    assert "第一件大事" in whole
    assert 'rel="next"' not in whole
    book = openpyxl.load_workbook(io.BytesIO(operator.get("/office/tasks/export.xlsx", {"words": "大事"}).body))
    assert [row[4].value for row in book.active.iter_rows(min_row=2)] == ["第一件大事", "第二件大事"]
    own = openpyxl.load_workbook(io.BytesIO(office["clerk"].get("/office/tasks/export.xlsx", {"words": "大事"}).body))
    assert [row[4].value for row in own.active.iter_rows(min_row=2)] == ["第一件大事"]
