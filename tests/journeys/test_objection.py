"""An organisation at a real Chromium objects to a record; the public sees the mark at once; the unit corrects it by a submission."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.intake import declaring, made
from tests.journeys.acts import hand_in, organisation, penalty, report
from tests.journeys.doors import Doors
from tests.journeys.fit import PHONE, follow, is_fit

pytestmark = pytest.mark.browser


def test_the_demo_cases_stand_in_different_states(doors: Doors) -> None:
    page = doors.page("company", viewport=PHONE)
    page.goto("/own/objections/")
    page.get_by_role("heading", name="我的异议").wait_for()
    assert page.locator("tbody tr").count() >= 2
    is_fit(page)
    desk = doors.page("operator")
    desk.goto("/office/objections/")
    is_fit(desk)


def test_objected_marked_forwarded_corrected_and_closed(doors: Doors, tmp_path: Path) -> None:
    company, market, operator = doors.page("company", viewport=PHONE), doors.page("market"), doors.page("operator")
    who = organisation(company)
    row = penalty(who)
    hand_in(market, made.csv_file(tmp_path / "处罚.csv", [row]))
    public = doors.page(viewport=PHONE)
    section = f"/subject/{who.code}/penalty/"
    public.goto(section)
    public.locator("li.record h3 a", has_text=row["CF_WFXW"]).click()
    public.wait_for_url(lambda url: not url.endswith(section))
    record = "/subject" + public.url.partition("/subject")[2]
    is_fit(public)
    before = report(public, who.code)

    company.goto(record)
    follow(company.get_by_role("link", name="对此有异议"))
    is_fit(company)
    company.get_by_label("信息错误或者遗漏").check()
    company.get_by_label("异议说明").fill("罚款金额与决定书不一致，决定书为 0.1 万元")
    company.get_by_text("逐项写明应当怎样（选填）").click()
    company.locator("#id_should-CF_NR_FK").fill("0.1")
    company.locator("#id_paper_1").set_input_files(declaring.picture(tmp_path / "决定书.png"))
    company.locator("main").get_by_role("button", name="提出异议").click()
    company.wait_for_url(re.compile(r"/own/objections/\d+/$"))
    lodged = time.monotonic()
    public.reload()
    expect(public.locator("article .tags").get_by_text("争议中")).to_be_visible(timeout=1_000)
    assert time.monotonic() - lodged < 3, "the page was asked for at once and not kept by a cache"
    is_fit(public)
    case = company.url.rstrip("/").rpartition("/")[2]
    expect(company.get_by_text("还剩 5 个工作日")).to_be_visible()
    is_fit(company)
    marked = report(public, who.code)
    assert marked.count("争议中") == before.count("争议中") + 1

    operator.goto(f"/office/objections/?q={who.code}")
    operator.get_by_label(f"选择异议 {case}").check()
    operator.get_by_role("button", name="把所选转信源单位").click()
    operator.get_by_text("已办理 1 件。").wait_for()

    market.goto("/office/notices/")
    market.get_by_role("link", name="有异议需要核实").first.click()
    market.wait_for_url(re.compile(r"/office/objections/\d+/$"))
    is_fit(market)
    _step(
        market,
        case,
        "answer",
        "答复",
        outcome="成立：信息有误，予以更正或撤回",
        reason="决定书确为 0.1 万元，系录入错误",
    )
    _step(
        operator, case, "decide", "作出结论", outcome="成立：信息有误，予以更正或撤回", reason="以决定书为准，予以更正"
    )
    operator.goto(f"/office/objections/{case}/finish")
    operator.locator("main").get_by_role("button", name="核对档案并办结").click()
    operator.get_by_text("档案里还没有更正后的版本").wait_for()
    is_fit(operator)

    hand_in(market, made.csv_file(tmp_path / "处罚-更正.csv", [row | {"CF_NR_FK": "0.1", "CF_NR": "罚款0.1万元"}]))
    operator.goto(f"/office/objections/{case}/finish")
    operator.locator("main").get_by_role("button", name="核对档案并办结").click()
    operator.get_by_text("已办理：核对档案并办结。").wait_for()
    is_fit(operator)
    public.goto(record + "?corrected")
    expect(public.get_by_text("更正记录")).to_be_visible()
    expect(public.locator("article .tags").get_by_text("争议中")).to_have_count(0)
    after = report(public, who.code)
    assert after.count("争议中") == before.count("争议中")
    changed = [after.count(fine) - before.count(fine) for fine in ("罚款0.2万元", "罚款0.1万元")]
    assert changed == [-1, 1], "the one record; other journeys have handed in theirs"
    company.reload()
    expect(company.get_by_text("成立，已更正").first).to_be_visible()
    is_fit(company)


def test_in_english_and_without_a_script(doors: Doors) -> None:
    page = doors.page("company", locale="en-GB", java_script_enabled=False)
    page.goto("/own/objections/")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="What was done")).to_be_visible()


def _step(page: Page, case: str, act: str, button: str, *, outcome: str, reason: str) -> None:
    page.goto(f"/office/objections/{case}/{act}")
    is_fit(page)
    page.get_by_label(outcome).check()
    page.get_by_label("理由").fill(reason)
    page.locator("main").get_by_role("button", name=button).click()
    page.wait_for_url(re.compile(r"/office/objections/\d+/$"))
