"""The office's pages of the duties about persons' data: assessments by two hands, the register, proofs of deletion."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from tests.intake import made
from tests.office.conftest import Reader, page_of, two_operators
from tests.signing import signed_in
from xinyong.catalogue import assessment, publish
from xinyong.intake import erasing
from xinyong.kernel import clock
from xinyong.records import erased
from xinyong.security import audit, identity

HOME, ITEM = "/office/assessments/", "admin-penalty-person"
TEXT = "依据行政处罚法归集，只限目录规定的数据项，方式必要并与目的相称。"


@pytest.fixture
def clients(lasting_db: None) -> Iterator[dict[str, Client]]:
    with time_machine.travel(made.NOW, tick=True):
        yield two_operators()


def _form(**changes: object) -> dict[str, object]:
    return {
        "title": "行政处罚（自然人）影响评估", "items": [ITEM], "activity": "", "reasons": ["sensitive", "sharing"], "lawful": TEXT,
        "effects": TEXT, "measures": TEXT, "valid_until": (clock.today() + timedelta(days=300)).isoformat(),
    } | changes  # fmt: skip


def test_an_assessment_is_written_by_one_and_comes_into_force_by_the_word_of_another(
    clients: dict[str, Client],
) -> None:
    first, second = clients["first"], clients["second"]
    lacking = len(assessment.lacking(publish.items(), on=clock.today()))
    assert f"待办：{lacking} 个现行事项缺影响评估" in page_of(first, HOME)
    assert f"{lacking} 个现行事项含有个人信息，还没有有效的影响评估" in page_of(first, "/office/catalogue/")
    start = page_of(first, f"{HOME}new?item={ITEM}")
    assert "一、处理目的、处理方式是否合法、正当、必要" in start
    sent = first.post(f"{HOME}new", _form())
    assert sent.status_code == 302
    place = sent["Location"]
    assert "提请复核" in page_of(first, place)
    assert "提请复核" not in page_of(second, place)
    asked = first.post(f"{place}ask", {"reason": "年度评估"})["Location"]
    assert TEXT in page_of(second, asked)
    second.post(f"{asked}decide", {"verdict": "agree"})
    done = first.post(f"{place}force", follow=True).content.decode()
    assert "评估已生效" in done
    assert "second 复核同意" in done
    assert f"待办：{lacking - 1} 个现行事项缺影响评估" in page_of(clients["auditor"], HOME)
    assert "有效至" in page_of(first, f"/office/catalogue/{ITEM}/")
    renewed = page_of(first, f"{HOME}new?after={place.split('/')[-2]}")
    assert TEXT in renewed


def test_what_is_missing_is_said_beside_the_form_and_what_was_written_stays(clients: dict[str, Client]) -> None:
    answer = clients["first"].post(f"{HOME}new", _form(reasons=["sharing"], effects="短"))
    assert answer.status_code == 400
    assert TEXT in answer.content.decode()
    answer = clients["first"].post(f"{HOME}new", _form(reasons=["sharing"]))
    assert "还涉及：处理敏感个人信息" in answer.content.decode()
    assert clients["auditor"].get(f"{HOME}new").status_code == 403
    assert clients["auditor"].get(f"{HOME}99/").status_code == 404


def test_the_register_is_read_and_taken_away_by_operators_and_auditors(clients: dict[str, Client]) -> None:
    for name in ("first", "auditor"):
        reader = signed_in(Reader(), name)
        page = page_of(clients[name], "/office/processing/")
        assert "操作日志与存证" in page
        assert "缺影响评估" in page
        taken = reader.get("/office/processing/file.json")
        assert {one["id"] for one in json.loads(taken.body)["activities"]} >= {ITEM, "audit-log"}
        assert reader.get("/office/processing/file.xlsx").body.startswith(b"PK")
        assert reader.get("/office/processing/file.pdf").status_code == 404
    events = [one.event for one in audit.entries(seen_by=made.AUDITOR, event="processing-exported")]
    assert len(events) == 4


def test_proofs_are_shown_and_checked(clients: dict[str, Client], tmp_path: Path) -> None:
    assert "还没有期满删除过" in page_of(clients["auditor"], "/office/erasures/")
    unit = made.department()
    rows = [made.person_row(made.person(), unit, CF_JDRQ="2019-03-01"), made.person_row(made.person(), unit, CF_WSH="")]
    made.hand_in(made.csv_file(tmp_path / "a.csv", rows), ITEM, unit)
    (first,) = erased.run(today=clock.today(), grace_days=30, by=made.SYSTEM)
    (second,) = erasing.run(today=clock.today(), grace_days=30, originals_years=5, by=made.SYSTEM)
    page = page_of(clients["first"], "/office/erasures/")
    assert "记录的内容" in page
    assert "未入库的行" in page
    for one in (first, second):
        shown = page_of(clients["auditor"], f"/office/erasures/{one.id}/")
        assert "核对无误" in shown
        assert one.root in shown
    assert clients["auditor"].get("/office/erasures/99/").status_code == 404


def test_a_clerk_has_no_business_there(clients: dict[str, Client]) -> None:
    identity.create_account(
        username="clerk", password="correct horse battery staple", display_name="clerk", role="source_unit",
        department=made.department().code, by=made.SYSTEM,
    )  # fmt: skip
    clerk = signed_in(Client(), "clerk")
    for path in (
        HOME,
        f"{HOME}1/",
        "/office/processing/",
        "/office/processing/file.json",
        "/office/erasures/",
        "/office/erasures/1/",
    ):
        assert clerk.get(path).status_code == 403
        assert Client().get(path).status_code == 302
