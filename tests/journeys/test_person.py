"""A person at a real Chromium sees what is on file of them, who looked, their notices; claims an organisation; the desk decides."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import City
from tests.journeys.test_own import Doors, is_fit
from tests.journeys.test_portal import PHONE
from tests.signing import through_the_pages

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def doors(city: City, browser: object) -> Doors:
    """A person and the credit centre, signed in."""
    states = {}
    for who in ("citizen", "operator"):
        context = browser.new_context(base_url=city.url, locale="zh-CN")  # type: ignore[attr-defined]
        page = context.new_page()
        through_the_pages(page, who, city.accounts[who], city.secrets[who])
        page.get_by_role("button", name="退出登录").wait_for()
        if who == "citizen":
            assert page.url.endswith("/own/records/"), "a person comes in to what is on file of them"
        states[who] = context.storage_state()
        context.close()
    return Doors(city, browser, states)


def _walk(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("navigation").get_by_role("link", name=name).first.click()
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
    _walk(page, "谁看过", "通知", "认领单位")
    assert page.get_by_text("待核验").count() >= 1
    page.goto("/own/notices/")
    assert page.get_by_text("可以做什么").count() >= 1
    page.get_by_role("button", name="全部标为已读").click()
    page.get_by_text("已标为已读").wait_for()
    page.get_by_role("link", name="通知设置").click()
    is_fit(page)
    page.goto("/own/leave")
    is_fit(page)
    desk = doors.page("operator")
    desk.goto("/office/claims/")
    is_fit(desk)
    desk.locator("tbody a").first.click()
    is_fit(desk)
    desk.get_by_role("button", name="通过，登记代表关系").click()
    desk.get_by_text("已通过并登记代表关系").wait_for()
    page.goto("/own/claims/")
    page.get_by_text("已认领").first.wait_for()
    page.get_by_role("button", name="切换").click()
    page.get_by_role("heading", name="我的申报").wait_for()
    page.get_by_role("button", name="回到本人").click()
    page.get_by_role("heading", name="我的信息").wait_for()
    desk.goto("/office/persons/")
    is_fit(desk)
    desk.goto("/office/persons/new")
    is_fit(desk)
