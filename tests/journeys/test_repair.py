"""An organisation at a real Chromium applies for repair; the unit decides; every page, report and interface lets go; the bank acknowledges."""

import json
import re
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.conftest import City
from tests.intake import declaring, made
from tests.journeys.doors import Doors
from tests.journeys.fit import PHONE, is_fit
from tests.journeys.test_objection import _organisation, _penalty, _report
from tests.journeys.test_office import _unit_code, hand_in
from xinyong.kernel import clock

pytestmark = pytest.mark.browser


class Bank:
    """A program that reads records by the interface."""

    def __init__(self, city: City) -> None:
        made_client = city.json(
            "clients",
            "add",
            "示例银行",
            "--department",
            _unit_code(),
            "--scope",
            "read:public",
            "--network",
            "127.0.0.0/8",
        )
        self._url = city.url
        form = {
            "grant_type": "client_credentials",
            "client_id": made_client["client_id"],
            "client_secret": made_client["secret"],
        }
        answer = self._send(
            "/oauth/token", urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        )
        self._headers = {"Authorization": f"Bearer {answer['access_token']}", "Content-Type": "application/json"}

    def get(self, path: str) -> Any:
        """What the interface answers."""
        return self._send(f"/api/v1{path}", None, self._headers)

    def ref(self, code: str, number: str) -> str:
        """Under which reference a document of an organisation stands."""
        sections = self.get(f"/organisations/{code}")["sections"]
        return next(str(r["ref"]) for one in sections for r in one["records"] if r["document_no"] == number)

    def post(self, path: str, body: Any) -> Any:
        """What the interface answers to a body."""
        return self._send(f"/api/v1{path}", json.dumps(body).encode(), self._headers)

    def _send(self, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(self._url + path, body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def bank(doors: Doors) -> Bank:
    """One recipient."""
    return Bank(doors.city)


def test_from_the_application_to_every_page_report_and_interface(doors: Doors, bank: Bank, tmp_path: Path) -> None:
    company, market, operator = doors.page("company", viewport=PHONE), doors.page("market"), doors.page("operator")
    who = _organisation(company)
    row = _penalty(who)
    hand_in(market, made.csv_file(tmp_path / "处罚.csv", [row]))
    public = doors.page(viewport=PHONE)
    record = f"/subject/{who.code}/record/{bank.ref(who.code, row['CF_WSH'])}/"
    assert row["CF_WSH"] in _report(public, who.code)
    assert row["CF_WSH"] in json.dumps(bank.get(f"/organisations/{who.code}"), ensure_ascii=False)

    company.goto(record)
    company.get_by_role("link", name="申请信用修复").click()
    expect(company.get_by_role("heading", name="条件")).to_be_visible()
    is_fit(company)
    company.get_by_label("纠正和履行情况").fill("已改正明码标价，罚款于 2026 年 6 月 20 日缴清")
    company.get_by_label("签署人姓名").fill("示例法人")
    company.locator("#id_paper_1").set_input_files(declaring.picture(tmp_path / "缴款凭证.png"))
    company.get_by_role("button", name="提交申请").click()
    company.wait_for_url(re.compile(r"/own/repairs/\d+/$"))
    case = company.url.rstrip("/").rpartition("/")[2]
    expect(company.get_by_text("还剩 3 个工作日")).to_be_visible()
    is_fit(company)
    company.get_by_role("link", name="信用修复承诺书").click()
    company.wait_for_url(re.compile(r"/letter$"))
    is_fit(company)

    market.goto("/office/notices/")
    market.get_by_role("link", name="有修复申请需要办理").first.click()
    market.wait_for_url(re.compile(r"/office/repairs/\d+/$"))
    is_fit(market)
    for act, button in (("accept", "受理"), ("grant", "准予修复")):
        market.goto(f"/office/repairs/{case}/{act}")
        is_fit(market)
        market.locator("main").get_by_role("button", name=button).click()
        market.wait_for_url(re.compile(r"/office/repairs/\d+/$"))

    answer = public.goto(record + "?repaired")
    assert answer is not None
    assert answer.status == 404
    public.goto(f"/subject/{who.code}/penalty/")
    assert row["CF_WSH"] not in public.content()
    assert row["CF_WSH"] not in _report(public, who.code)
    assert row["CF_WSH"] not in json.dumps(bank.get(f"/organisations/{who.code}"), ensure_ascii=False)

    company.goto(f"/own/repairs/{case}/")
    expect(company.get_by_text("尚未回执").first).to_be_visible()
    is_fit(company)
    operator.goto(f"/office/repairs/{case}/close")
    operator.locator("main").get_by_role("button", name="核对回执并办结").click()
    operator.get_by_text("还有使用方没有回执").wait_for()
    todo = bank.get("/repairs")["todo"]
    assert [(one["change"], one["code"]) for one in todo] == [("conceal", who.code)]
    assert bank.post("/repairs/receipts", {"ids": [one["id"] for one in todo]}) == {"acknowledged": 1}
    operator.goto(f"/office/repairs/?state=syncing&q={who.code}")
    is_fit(operator)
    operator.goto(f"/office/repairs/{case}/close")
    operator.locator("main").get_by_role("button", name="核对回执并办结").click()
    operator.get_by_text("已办理：核对回执并办结。").wait_for()
    company.goto("/own/repairs/")
    expect(company.get_by_text("已修复").first).to_be_visible()
    is_fit(company)


def test_what_is_too_early_says_from_when(doors: Doors, bank: Bank, tmp_path: Path) -> None:
    company, market = doors.page("company", viewport=PHONE), doors.page("market")
    row = _penalty(_organisation(company)) | {"CF_JDRQ": str(clock.today() - timedelta(days=21))}
    hand_in(market, made.csv_file(tmp_path / "新处罚.csv", [row]))
    company.goto(f"/own/repairs/new/{bank.ref(row['CF_XDR_SHXYM'], row['CF_WSH'])}/")
    expect(company.get_by_text("现在还不能申请")).to_be_visible()
    assert company.get_by_role("button", name="提交申请").count() == 0
    is_fit(company)


def test_trainings_and_their_share(doors: Doors) -> None:
    operator = doors.page("operator")
    operator.goto("/office/guidance/")
    operator.get_by_text("目标为 60 % 以上").wait_for()
    is_fit(operator)
