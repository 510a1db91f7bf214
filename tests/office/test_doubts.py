"""The desk of doubtful data, a row's page and a record's lineage, through the pages."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests.intake import made
from tests.office.conftest import Office
from xinyong.intake import doubts, views
from xinyong.intake.views import SubmissionView
from xinyong.records import dossier

ITEM = "admin-penalty-org"
Noted = Callable[[], list[str]]


@pytest.fixture
def mistyped(browsers: Office, tmp_path: Path) -> SubmissionView:
    """A file with two rows whose codes have another last character, and a row with a number in its text."""
    wrong = {"CF_XDR_SHXYM": made.mistyped(browsers.organisation.code)}
    rows = [made.penalty_row(browsers.organisation, browsers.unit, **wrong) for _ in range(2)]
    rows.append(made.penalty_row(browsers.organisation, browsers.unit, CF_SY="未按规定公示价格，联系 13800138000"))
    return made.hand_in(made.csv_file(tmp_path / "错码.csv", rows), ITEM, browsers.unit)


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def ids(view: SubmissionView) -> list[int]:
    found = doubts.rows(seen_by=made.SYSTEM, limit=1000)
    return [one.id for one in found if one.submission_id == view.id]


def accepted(view: SubmissionView) -> int:
    return views.find(view.id, seen_by=made.SYSTEM).counts.accepted


def test_one_press_accepts_a_suggestion_and_the_rows_page_takes_it_back(
    browsers: Office, mistyped: SubmissionView, noted: Noted
) -> None:
    clerk, first = browsers["clerk"], ids(mistyped)[0]
    page = text(clerk.get("/office/doubts/"))
    assert browsers.organisation.code in page
    assert f'name="one" value="{first}"' in page
    noted()
    answer = clerk.post("/office/doubts/accept", {"one": str(first), "back": "?item=admin-penalty-org"})
    assert answer.headers["Location"] == "/office/doubts/?item=admin-penalty-org"
    assert noted() == ["suggestion-accepted"]
    assert accepted(mistyped) == 1
    row = f"/office/submissions/{mistyped.id}/rows/2/"
    told = text(clerk.get(row))
    assert "已入库" in told
    (undo,) = re.findall(r'value="(undo-\d+)"', told)
    clerk.post(f"{row}settle", {"what": undo})
    assert accepted(mistyped) == 0
    assert "撤销处理" in text(clerk.get(row))


def test_several_are_shown_before_they_are_accepted(browsers: Office, mistyped: SubmissionView) -> None:
    operator, chosen = browsers["operator"], ids(mistyped)
    asked = text(operator.post("/office/doubts/accept", {"row": [str(one) for one in chosen]}))
    assert "将更正 2 行" in asked
    assert "另有 1 行没有可以采纳的建议" in asked
    assert accepted(mistyped) == 0
    sure = re.findall(r'name="row" value="(\d+)"', asked)
    done = operator.post("/office/doubts/accept", {"row": sure, "sure": "1"}, follow=True)
    assert "已采纳建议并入库 2 行" in text(done)
    assert accepted(mistyped) == 2


def test_nothing_chosen_and_a_strange_way_back_do_no_harm(browsers: Office) -> None:
    answer = browsers["operator"].post("/office/doubts/accept", {"back": "//example.test/"})
    assert answer.headers["Location"] == "/office/doubts/"
    assert browsers["operator"].get("/office/doubts/accept").headers["Location"] == "/office/doubts/"


def test_a_row_sent_back_and_passed_on_is_seen_by_both_sides_and_waived_by_the_operator(
    browsers: Office, mistyped: SubmissionView
) -> None:
    row = f"/office/submissions/{mistyped.id}/rows/4/"
    clerk, operator = browsers["clerk"], browsers["operator"]
    due = made.TODAY + timedelta(days=9)
    operator.post(f"{row}settle", {"what": "send-back", "note": "请删去电话号码", "until": due.isoformat()})
    assert "请删去电话号码" in text(clerk.get(row))
    assert "2026年6月24日前更正" in text(clerk.get("/office/doubts/"))
    clerk.post(f"{row}settle", {"what": "pass-on", "note": "这是公开的办公电话"})
    assert "这是公开的办公电话" in text(operator.get(row))
    refused = clerk.post(f"{row}settle", {"what": "waive", "note": "自己放行", "until": due.isoformat()})
    assert refused.status_code == 403
    missing = operator.post(f"{row}settle", {"what": "waive", "note": "  ", "until": due.isoformat()}, follow=True)
    assert "请写明理由" in text(missing)
    done = operator.post(
        f"{row}settle", {"what": "waive", "note": "公开的办公电话", "until": due.isoformat()}, follow=True
    )
    assert "已豁免并入库" in text(done)
    assert accepted(mistyped) == 1


def test_a_warning_is_confirmed_on_the_rows_page(browsers: Office, tmp_path: Path) -> None:
    rows = [made.penalty_row(made.organisation(), browsers.unit)]
    view = made.hand_in(made.csv_file(tmp_path / "新主体.csv", rows), ITEM, browsers.unit)
    row, clerk = f"/office/submissions/{view.id}/rows/2/", browsers["clerk"]
    (what,) = re.findall(r'value="(confirm-\d+)"', text(clerk.get(row)))
    clerk.post(f"{row}settle", {"what": what, "note": "主体刚刚设立，已核对"})
    told = text(clerk.get(row))
    assert "已确认" in told
    assert "主体刚刚设立，已核对" in told
    assert "已确认" in text(clerk.get(f"/office/submissions/{view.id}/"))


def test_a_records_lineage_is_reached_from_the_file_and_from_the_submission(browsers: Office, noted: Noted) -> None:
    clerk, code = browsers["clerk"], browsers.organisation.code
    clerk.post(f"/office/files/{code}/", {"purpose": "licensing", "matter": "云市监许申〔2026〕12号"})
    (link, *_) = re.findall(rf"/office/files/{code}/records/[0-9a-f]+/", text(clerk.get(f"/office/files/{code}/")))
    noted()
    told = text(clerk.get(link))
    assert noted() == ["lineage-viewed"]
    assert browsers.unit.name in told
    found = clerk.get(f"/office/submissions/{browsers.submission.id}/row", {"no": "2"})
    assert found.headers["Location"] == f"/office/submissions/{browsers.submission.id}/rows/2/"
    assert f"/office/files/{code}/records/" in text(clerk.get(found.headers["Location"]))
    empty = clerk.get(f"/office/submissions/{browsers.submission.id}/row", {"no": "x"}, follow=True)
    assert "请填写行号" in text(empty)
    assert clerk.get(f"/office/submissions/{browsers.submission.id}/rows/99999/").status_code == 404


def test_strangers_and_auditors_are_kept_out(browsers: Office) -> None:
    code = browsers.organisation.code
    file = dossier.of(code, as_of=made.TODAY, seen_by=made.SYSTEM)
    ref = next(one.ref for section in file.sections for one in section.records)
    row = f"/office/submissions/{browsers.submission.id}/rows/2/"
    assert browsers["stranger"].get(row).status_code == 404
    record, stranger = f"/office/files/{code}/records/{ref}/", browsers["stranger"]
    for path in (f"/office/submissions/{browsers.submission.id}/row?no=2", f"{row}settle"):
        assert stranger.get(path).status_code == 404
    assert stranger.get(record).headers["Location"] == f"/office/files/{code}/"
    assert browsers["operator"].get(record).headers["Location"] == f"/office/files/{code}/"
    stranger.post(f"/office/files/{code}/", {"purpose": "licensing", "matter": "云市监许申〔2026〕12号"})
    assert stranger.get(record).status_code == 404
    assert str(browsers.submission.id) not in re.findall(
        r"submissions/(\d+)/rows", text(browsers["stranger"].get("/office/doubts/"))
    )
    for path in (row, "/office/doubts/", f"/office/files/{code}/records/{ref}/"):
        assert browsers["auditor"].get(path).status_code == 403
        assert Client().get(path).status_code == 302


def test_an_empty_desk_says_so_in_both_languages(browsers: Office) -> None:
    assert "没有符合条件的行" in text(browsers["operator"].get("/office/doubts/", {"item": "honour"}))
    browsers["stranger"].cookies["django_language"] = "en"
    assert "Doubtful data" in text(browsers["stranger"].get("/office/doubts/"))
