"""An organisation at a real Chromium applies for repair; the unit decides; every page, report and interface lets go; the bank acknowledges."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.intake import declaring, made
from tests.journeys.acts import Program, hand_in, organisation, penalty, report, unit_code
from tests.journeys.doors import Doors
from tests.journeys.fit import PHONE, is_fit
from xinyong.kernel import clock

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def bank(doors: Doors) -> Program:
    """A program that reads what is public, and so one recipient."""
    how = ("--department", unit_code(), "--scope", "read:public", "--network", "127.0.0.0/8")
    return Program(doors.city, doors.city.json("clients", "add", "示例银行", *how))


def _ref(bank: Program, code: str, number: str) -> str:
    """Under which reference a document of an organisation stands."""
    sections = bank.get(f"/organisations/{code}")[1]["sections"]
    return next(str(r["ref"]) for one in sections for r in one["records"] if r["document_no"] == number)


def test_from_the_application_to_every_page_report_and_interface(doors: Doors, bank: Program, tmp_path: Path) -> None:
    company, market, operator = doors.page("company", viewport=PHONE), doors.page("market"), doors.page("operator")
    who = organisation(company)
    row = penalty(who)
    hand_in(market, made.csv_file(tmp_path / "处罚.csv", [row]))
    public = doors.page(viewport=PHONE)
    record = f"/subject/{who.code}/record/{_ref(bank, who.code, row['CF_WSH'])}/"
    assert row["CF_WSH"] in report(public, who.code)
    assert row["CF_WSH"] in json.dumps(bank.get(f"/organisations/{who.code}")[1], ensure_ascii=False)

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
    assert row["CF_WSH"] not in report(public, who.code)
    assert row["CF_WSH"] not in json.dumps(bank.get(f"/organisations/{who.code}")[1], ensure_ascii=False)

    company.goto(f"/own/repairs/{case}/")
    expect(company.get_by_text("尚未回执").first).to_be_visible()
    is_fit(company)
    operator.goto(f"/office/repairs/{case}/close")
    operator.locator("main").get_by_role("button", name="核对回执并办结").click()
    operator.get_by_text("还有使用方没有回执").wait_for()
    todo = bank.get("/repairs")[1]["todo"]
    assert [(one["change"], one["code"]) for one in todo] == [("conceal", who.code)]
    assert bank.post("/repairs/receipts", {"ids": [one["id"] for one in todo]}) == (200, {"acknowledged": 1})
    operator.goto(f"/office/repairs/?state=syncing&q={who.code}")
    is_fit(operator)
    operator.goto(f"/office/repairs/{case}/close")
    operator.locator("main").get_by_role("button", name="核对回执并办结").click()
    operator.get_by_text("已办理：核对回执并办结。").wait_for()
    company.goto("/own/repairs/")
    expect(company.get_by_text("已修复").first).to_be_visible()
    is_fit(company)


def test_what_is_too_early_says_from_when(doors: Doors, bank: Program, tmp_path: Path) -> None:
    company, market = doors.page("company", viewport=PHONE), doors.page("market")
    row = penalty(organisation(company)) | {"CF_JDRQ": str(clock.today() - timedelta(days=21))}
    hand_in(market, made.csv_file(tmp_path / "新处罚.csv", [row]))
    company.goto(f"/own/repairs/new/{_ref(bank, row['CF_XDR_SHXYM'], row['CF_WSH'])}/")
    expect(company.get_by_text("现在还不能申请")).to_be_visible()
    assert company.get_by_role("button", name="提交申请").count() == 0
    is_fit(company)


def test_trainings_and_their_share(doors: Doors) -> None:
    operator = doors.page("operator")
    operator.goto("/office/guidance/")
    told = operator.get_by_text("目标为 60 % 以上").inner_text()
    figures = re.search(r"：([\d.]+) %（(\d+) / (\d+)，", told)
    assert figures, told
    share, guided, listed = map(float, figures.groups())
    assert 0 < guided <= listed
    assert share == round(100 * guided / listed, 1), "the figure of the two that stand beside it"
    is_fit(operator)
