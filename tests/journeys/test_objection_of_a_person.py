"""A person at a real Chromium objects to a record about them; the desk decides without reading who they are; they say their word."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.intake import declaring
from tests.journeys.doors import Doors
from tests.journeys.fit import PHONE, follow, is_fit
from xinyong.kernel import clock
from xinyong.operations.city_persons import PEOPLE
from xinyong.operations.synthetic import people

pytestmark = pytest.mark.browser
_STATEMENT = "原许可已经变更，请以变更后的决定书为准。"


def test_objected_marked_decided_and_answered_with_a_statement(doors: Doors, tmp_path: Path) -> None:
    name, number = people.person(PEOPLE["driver"], seed=7, today=clock.today())
    page, desk = doors.page("driver", viewport=PHONE), doors.page("operator")
    addresses = [page.url]
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    desk.on("framenavigated", lambda frame: addresses.append(frame.url))
    page.goto("/own/records/")
    follow(page.get_by_role("link", name="对此有异议").first)
    is_fit(page)
    page.get_by_label("信息错误或者遗漏").check()
    page.get_by_label("异议说明").fill("许可内容与决定书不一致，请核对原件")
    page.locator("#id_paper_1").set_input_files(declaring.picture(tmp_path / f"{name}的决定书.png"))
    page.locator("main").get_by_role("button", name="提出异议").click()
    page.wait_for_url(re.compile(r"/own/objections/\d+/$"))
    case = page.url.rstrip("/").rpartition("/")[2]
    expect(page.get_by_text("材料1.png")).to_be_visible()
    is_fit(page)
    page.goto("/own/records/")
    expect(page.locator("li.record").first.get_by_text("争议中")).to_be_visible()
    is_fit(page)

    desk.goto(f"/office/objections/{case}/")
    expect(desk.get_by_text("自然人").first).to_be_visible()
    assert name not in desk.content()
    is_fit(desk)
    desk.get_by_role("button", name="查看这条信息的内容").click()
    expect(desk.locator("dl.terms.two").first).to_be_visible()
    assert name not in desk.content()
    assert number not in desk.content()
    desk.goto(f"/office/objections/{case}/decide")
    desk.get_by_label("不成立：信息无误").check()
    desk.get_by_label("理由").fill("与许可决定书一致")
    desk.locator("main").get_by_role("button", name="作出结论").click()
    desk.get_by_text("已办理：作出结论。").wait_for()

    page.goto(f"/own/objections/{case}/state")
    is_fit(page)
    page.get_by_label("异议声明").fill(_STATEMENT)
    page.locator("main").get_by_role("button", name="附异议声明").click()
    page.get_by_text("声明已附在记录上").wait_for()
    page.goto("/own/records/")
    expect(page.get_by_text(_STATEMENT)).to_be_visible()
    page.goto("/own/access-log/")
    expect(page.get_by_text("异议、修复核查").first).to_be_visible()
    assert [each for each in addresses if name in each or number in each] == []
