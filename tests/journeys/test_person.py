"""A person at a real Chromium sees what is on file of them, who looked, their notices; claims an organisation; the desk decides."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.acts import Program
from tests.journeys.doors import Doors, forget
from tests.journeys.fit import PHONE, follow, is_fit
from xinyong.kernel import clock
from xinyong.operations.city_persons import PEOPLE
from xinyong.operations.synthetic import people

pytestmark = pytest.mark.browser
_BANK = "云溪示例银行"


def _walk(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("link", name=name).first.click()
        page.get_by_role("heading", level=1).wait_for()
        is_fit(page)


def test_what_is_on_file_notices_and_a_claim_decided(doors: Doors, tmp_path: Path) -> None:
    page = doors.page("citizen", viewport=PHONE)
    page.goto("/own/records/")
    assert page.get_by_text("处以罚款").count() >= 1
    is_fit(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="下载全部（JSON）").click()
    said = json.loads(Path(taken.value.path()).read_text(encoding="utf-8"))
    assert len(said["records"]) >= 1
    assert said["subject"]["account"] == "citizen"
    _walk(page, "首页", "谁查过我", "我的授权", "不记载守信信息", "通知", "认领单位")
    assert page.get_by_text("待核验").count() >= 1
    page.goto("/own/access-log/")
    expect(page.get_by_role("link", name="投诉").first).to_be_visible()  # the look that the notice speaks of
    page.goto("/own/notices/")
    expect(page.get_by_text("有人查询了信息").first).to_be_visible()
    assert page.get_by_text("可以做什么").count() >= 1
    page.get_by_role("button", name="全部标为已读").click()
    page.get_by_text("已标为已读").wait_for()
    follow(page.get_by_role("link", name="通知设置"))
    is_fit(page)
    page.goto("/own/leave")
    is_fit(page)
    desk = doors.page("operator")
    desk.goto("/office/claims/")
    is_fit(desk)
    follow(desk.locator("tbody a").first)
    is_fit(desk)
    desk.get_by_role("button", name="通过，登记代表关系").click()
    desk.get_by_text("已通过并登记代表关系").wait_for()
    page.goto("/own/claims/")
    page.get_by_text("已认领").first.wait_for()
    page.get_by_role("button", name="切换").click()
    page.get_by_role("heading", name="本单位专区").wait_for()
    is_fit(page)
    page.get_by_role("button", name="回到本人").click()
    page.get_by_role("heading", name="本人专区").wait_for()
    forget(doors.city, "citizen")
    is_fit(page)
    desk.goto("/office/persons/")
    is_fit(desk)
    desk.goto("/office/persons/new")
    is_fit(desk)


def test_a_bank_may_look_while_the_person_lets_it_and_not_a_moment_longer(doors: Doors) -> None:
    city = doors.city
    code = next(one["code"] for one in city.json("departments", "list") if one["name"] == _BANK)
    scopes = ("--scope", "query:authorised", "--network", "127.0.0.0/8")
    bank = Program(city, city.json("clients", "add", "示例银行程序", "--department", code, *scopes))
    _, number = people.person(PEOPLE["citizen"], seed=7, today=clock.today())
    asked = {
        "subject": {"certificate": number}, "purpose": "loan", "note": "示例授信〔2026〕30号", "items": ["admin-penalty-person"],
    }  # fmt: skip
    assert bank.post("/queries", asked)[0] == 403, "nobody looks before the person says so"

    page = doors.page("citizen", viewport=PHONE)
    page.goto("/own/consents/new/loan/")
    page.get_by_label("授权给").select_option(label=_BANK)
    page.locator("input[name=items][value=admin-penalty-person]").check()
    page.locator("#id_days").fill("30")
    is_fit(page)
    page.get_by_role("button", name="确认授权").click()
    page.wait_for_url(re.compile(r"/own/consents/\d+/$"))
    is_fit(page)

    status, answer = bank.post("/queries", asked)
    assert (status, answer["authorisation"][:2], len(answer["records"]) >= 1) == (200, "SQ", True)
    receipt = page.url
    page.goto("/own/access-log/")
    page.get_by_role("cell", name=_BANK).first.wait_for()
    is_fit(page)

    page.goto(receipt)
    page.get_by_role("button", name="撤回授权").click()
    page.get_by_text("已撤回，立即生效").wait_for()
    status, refusal = bank.post("/queries", asked)
    assert status == 403, refusal
    assert bank.get(f"/queries/{answer['ref']}")[0] == 404, "what rested on it alone is gone"
